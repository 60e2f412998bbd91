// Command schema_dump prints, as JSON, the facts of the reference's embedded Kubernetes OpenAPI document that strategic
// merge patches depend on. Run by tools/generate_schema.py against the reference's own module version.
package main

import (
	"encoding/json"
	"os"

	"k8s.io/kube-openapi/pkg/validation/spec"
	"sigs.k8s.io/kustomize/kyaml/openapi"
)

type node struct {
	Ref        string          `json:"ref,omitempty"`
	Type       []string        `json:"type,omitempty"`
	Fields     map[string]node `json:"fields,omitempty"`
	Additional *node           `json:"additional,omitempty"`
	Items      *node           `json:"items,omitempty"`
	Strategy   interface{}     `json:"strategy,omitempty"`
	Key        interface{}     `json:"key,omitempty"`
	Keys       interface{}     `json:"keys,omitempty"`
	Kinds      interface{}     `json:"kinds,omitempty"`
}

func dump(s *spec.Schema) node {
	n := node{Ref: s.Ref.String(), Type: s.Type}
	n.Strategy = s.Extensions["x-kubernetes-patch-strategy"]
	n.Key = s.Extensions["x-kubernetes-patch-merge-key"]
	n.Keys = s.Extensions["x-kubernetes-list-map-keys"]
	n.Kinds = s.Extensions["x-kubernetes-group-version-kind"]
	for name := range s.Properties {
		if n.Fields == nil {
			n.Fields = map[string]node{}
		}
		property := s.Properties[name]
		n.Fields[name] = dump(&property)
	}
	if s.AdditionalProperties != nil && s.AdditionalProperties.Schema != nil {
		inner := dump(s.AdditionalProperties.Schema)
		n.Additional = &inner
	}
	if s.Items != nil && s.Items.Schema != nil {
		inner := dump(s.Items.Schema)
		n.Items = &inner
	}
	return n
}

func main() {
	result := map[string]node{}
	definitions := openapi.Schema().Definitions
	for name := range definitions {
		definition := definitions[name]
		result[name] = dump(&definition)
	}
	if err := json.NewEncoder(os.Stdout).Encode(result); err != nil {
		panic(err)
	}
}
