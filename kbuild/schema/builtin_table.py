"""Merge lists of Kubernetes v1.21.2 and of the reference's own kinds. Made by tools/generate_schema.py: do not edit.

Shape: see `Schema` in kbuild/schema/schema.py.
Source: kyaml v0.21.1, the embedded OpenAPI document.
"""

OWN_KINDS = ("kustomize.config.k8s.io/v1beta1 Kustomization",)
# fmt: off
KINDS = {
    "admissionregistration.k8s.io/v1 MutatingWebhookConfiguration": 1,
    "admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration": 3,
    "admissionregistration.k8s.io/v1beta1 MutatingWebhookConfiguration": 4,
    "admissionregistration.k8s.io/v1beta1 ValidatingWebhookConfiguration": 5,
    "apiextensions.k8s.io/v1 CustomResourceDefinition": 122,
    "apiextensions.k8s.io/v1beta1 CustomResourceDefinition": 123,
    "apiregistration.k8s.io/v1 APIService": 124,
    "apiregistration.k8s.io/v1beta1 APIService": 126,
    "apps/v1 ControllerRevision": 6,
    "apps/v1 DaemonSet": 7,
    "apps/v1 Deployment": 17,
    "apps/v1 ReplicaSet": 21,
    "apps/v1 StatefulSet": 24,
    "authentication.k8s.io/v1 TokenRequest": 27,
    "authentication.k8s.io/v1 TokenReview": 28,
    "authentication.k8s.io/v1beta1 TokenReview": 29,
    "authorization.k8s.io/v1 LocalSubjectAccessReview": 30,
    "authorization.k8s.io/v1 SelfSubjectAccessReview": 31,
    "authorization.k8s.io/v1 SelfSubjectRulesReview": 32,
    "authorization.k8s.io/v1 SubjectAccessReview": 33,
    "authorization.k8s.io/v1beta1 LocalSubjectAccessReview": 34,
    "authorization.k8s.io/v1beta1 SelfSubjectAccessReview": 35,
    "authorization.k8s.io/v1beta1 SelfSubjectRulesReview": 36,
    "authorization.k8s.io/v1beta1 SubjectAccessReview": 37,
    "autoscaling/v1 HorizontalPodAutoscaler": 38,
    "autoscaling/v1 Scale": 39,
    "autoscaling/v2beta1 HorizontalPodAutoscaler": 40,
    "autoscaling/v2beta2 HorizontalPodAutoscaler": 41,
    "batch/v1 CronJob": 42,
    "batch/v1 Job": 46,
    "batch/v1beta1 CronJob": 48,
    "certificates.k8s.io/v1 CertificateSigningRequest": 51,
    "certificates.k8s.io/v1beta1 CertificateSigningRequest": 52,
    "coordination.k8s.io/v1 Lease": 53,
    "coordination.k8s.io/v1beta1 Lease": 54,
    "discovery.k8s.io/v1 EndpointSlice": 81,
    "discovery.k8s.io/v1beta1 EndpointSlice": 82,
    "events.k8s.io/v1 Event": 83,
    "events.k8s.io/v1beta1 Event": 84,
    "extensions/v1beta1 Ingress": 85,
    "flowcontrol.apiserver.k8s.io/v1beta1 FlowSchema": 86,
    "flowcontrol.apiserver.k8s.io/v1beta1 PriorityLevelConfiguration": 87,
    "kustomize.config.k8s.io/v1beta1 Kustomization": 20,
    "networking.k8s.io/v1 Ingress": 88,
    "networking.k8s.io/v1 IngressClass": 89,
    "networking.k8s.io/v1 NetworkPolicy": 90,
    "networking.k8s.io/v1beta1 Ingress": 91,
    "networking.k8s.io/v1beta1 IngressClass": 92,
    "node.k8s.io/v1 RuntimeClass": 93,
    "node.k8s.io/v1beta1 RuntimeClass": 94,
    "policy/v1 PodDisruptionBudget": 95,
    "policy/v1beta1 Eviction": 97,
    "policy/v1beta1 PodDisruptionBudget": 98,
    "policy/v1beta1 PodSecurityPolicy": 100,
    "rbac.authorization.k8s.io/v1 ClusterRole": 101,
    "rbac.authorization.k8s.io/v1 ClusterRoleBinding": 102,
    "rbac.authorization.k8s.io/v1 Role": 103,
    "rbac.authorization.k8s.io/v1 RoleBinding": 104,
    "rbac.authorization.k8s.io/v1beta1 ClusterRole": 105,
    "rbac.authorization.k8s.io/v1beta1 ClusterRoleBinding": 106,
    "rbac.authorization.k8s.io/v1beta1 Role": 107,
    "rbac.authorization.k8s.io/v1beta1 RoleBinding": 108,
    "scheduling.k8s.io/v1 PriorityClass": 109,
    "scheduling.k8s.io/v1beta1 PriorityClass": 110,
    "storage.k8s.io/v1 CSIDriver": 111,
    "storage.k8s.io/v1 CSINode": 112,
    "storage.k8s.io/v1 StorageClass": 114,
    "storage.k8s.io/v1 VolumeAttachment": 115,
    "storage.k8s.io/v1beta1 CSIDriver": 116,
    "storage.k8s.io/v1beta1 CSINode": 117,
    "storage.k8s.io/v1beta1 CSIStorageCapacity": 119,
    "storage.k8s.io/v1beta1 StorageClass": 120,
    "storage.k8s.io/v1beta1 VolumeAttachment": 121,
    "v1 Binding": 55,
    "v1 ComponentStatus": 56,
    "v1 ConfigMap": 57,
    "v1 Endpoints": 58,
    "v1 Event": 59,
    "v1 LimitRange": 60,
    "v1 Namespace": 61,
    "v1 Node": 63,
    "v1 PersistentVolume": 66,
    "v1 PersistentVolumeClaim": 67,
    "v1 Pod": 69,
    "v1 PodTemplate": 71,
    "v1 ReplicationController": 72,
    "v1 ResourceQuota": 75,
    "v1 Secret": 76,
    "v1 Service": 77,
    "v1 ServiceAccount": 80,
}
TYPES = (
    "",  # 0
    "metadata=2 webhooks=0*name",  # 1
    "annotations=0 finalizers=0* labels=0 ownerReferences=0*uid",  # 2
    "metadata=2 webhooks=0*name",  # 3
    "metadata=2 webhooks=0*name",  # 4
    "metadata=2 webhooks=0*name",  # 5
    "data=0 metadata=2",  # 6
    "metadata=2 spec=8 status=16",  # 7
    "selector=0 template=9 updateStrategy=0",  # 8
    "metadata=2 spec=10",  # 9
    "affinity=0 containers=11*name dnsConfig=0 ephemeralContainers=12*name hostAliases=0*ip imagePullSecrets=0*name initContainers=11*name nodeSelector=0 overhead=0 securityContext=0 topologySpreadConstraints=0*topologyKey,whenUnsatisfiable volumes=13*name",  # 10
    "env=0*name lifecycle=0 livenessProbe=0 ports=0*containerPort,protocol readinessProbe=0 resources=0 securityContext=0 startupProbe=0 volumeDevices=0*devicePath volumeMounts=0*mountPath",  # 11
    "env=0*name lifecycle=0 livenessProbe=0 readinessProbe=0 resources=0 securityContext=0 startupProbe=0 volumeDevices=0*devicePath volumeMounts=0*mountPath",  # 12
    "awsElasticBlockStore=0 azureDisk=0 azureFile=0 cephfs=0 cinder=0 configMap=0 csi=0 downwardAPI=0 emptyDir=0 ephemeral=14 fc=0 flexVolume=0 flocker=0 gcePersistentDisk=0 gitRepo=0 glusterfs=0 hostPath=0 iscsi=0 nfs=0 persistentVolumeClaim=0 photonPersistentDisk=0 portworxVolume=0 projected=0 quobyte=0 rbd=0 scaleIO=0 secret=0 storageos=0 vsphereVolume=0",  # 13
    "volumeClaimTemplate=15",  # 14
    "metadata=2 spec=0",  # 15
    "conditions=0*type",  # 16
    "metadata=2 spec=18 status=19",  # 17
    "selector=0 strategy=0 template=9",  # 18
    "conditions=0*type",  # 19
    "configMapGenerator=0*name secretGenerator=0*name",  # 20
    "metadata=2 spec=22 status=23",  # 21
    "selector=0 template=9",  # 22
    "conditions=0*type",  # 23
    "metadata=2 spec=25 status=26",  # 24
    "selector=0 template=9 updateStrategy=0",  # 25
    "conditions=0*type",  # 26
    "metadata=2 spec=0 status=0",  # 27
    "metadata=2 spec=0 status=0",  # 28
    "metadata=2 spec=0 status=0",  # 29
    "metadata=2 spec=0 status=0",  # 30
    "metadata=2 spec=0 status=0",  # 31
    "metadata=2 spec=0 status=0",  # 32
    "metadata=2 spec=0 status=0",  # 33
    "metadata=2 spec=0 status=0",  # 34
    "metadata=2 spec=0 status=0",  # 35
    "metadata=2 spec=0 status=0",  # 36
    "metadata=2 spec=0 status=0",  # 37
    "metadata=2 spec=0 status=0",  # 38
    "metadata=2 spec=0 status=0",  # 39
    "metadata=2 spec=0 status=0",  # 40
    "metadata=2 spec=0 status=0",  # 41
    "metadata=2 spec=43 status=0",  # 42
    "jobTemplate=44",  # 43
    "metadata=2 spec=45",  # 44
    "selector=0 template=9",  # 45
    "metadata=2 spec=45 status=47",  # 46
    "conditions=0*type",  # 47
    "metadata=2 spec=49 status=0",  # 48
    "jobTemplate=50",  # 49
    "metadata=2 spec=45",  # 50
    "metadata=2 spec=0 status=0",  # 51
    "metadata=2 spec=0 status=0",  # 52
    "metadata=2 spec=0",  # 53
    "metadata=2 spec=0",  # 54
    "metadata=2 target=0",  # 55
    "conditions=0*type metadata=2",  # 56
    "binaryData=0 data=0 metadata=2",  # 57
    "metadata=2",  # 58
    "involvedObject=0 metadata=2 related=0 series=0 source=0",  # 59
    "metadata=2 spec=0",  # 60
    "metadata=2 spec=0 status=62",  # 61
    "conditions=0*type",  # 62
    "metadata=2 spec=64 status=65",  # 63
    "configSource=0 podCIDRs=0*",  # 64
    "addresses=0*type allocatable=0 capacity=0 conditions=0*type config=0 daemonEndpoints=0 nodeInfo=0",  # 65
    "metadata=2 spec=0 status=0",  # 66
    "metadata=2 spec=0 status=68",  # 67
    "capacity=0 conditions=0*type",  # 68
    "metadata=2 spec=10 status=70",  # 69
    "conditions=0*type podIPs=0*ip",  # 70
    "metadata=2 template=9",  # 71
    "metadata=2 spec=73 status=74",  # 72
    "selector=0 template=9",  # 73
    "conditions=0*type",  # 74
    "metadata=2 spec=0 status=0",  # 75
    "data=0 metadata=2 stringData=0",  # 76
    "metadata=2 spec=78 status=79",  # 77
    "ports=0*port,protocol selector=0 sessionAffinityConfig=0",  # 78
    "conditions=0*type loadBalancer=0",  # 79
    "metadata=2 secrets=0*name",  # 80
    "metadata=2",  # 81
    "metadata=2",  # 82
    "deprecatedSource=0 metadata=2 regarding=0 related=0 series=0",  # 83
    "deprecatedSource=0 metadata=2 regarding=0 related=0 series=0",  # 84
    "metadata=2 spec=0 status=0",  # 85
    "metadata=2 spec=0 status=0",  # 86
    "metadata=2 spec=0 status=0",  # 87
    "metadata=2 spec=0 status=0",  # 88
    "metadata=2 spec=0",  # 89
    "metadata=2 spec=0",  # 90
    "metadata=2 spec=0 status=0",  # 91
    "metadata=2 spec=0",  # 92
    "metadata=2 overhead=0 scheduling=0",  # 93
    "metadata=2 overhead=0 scheduling=0",  # 94
    "metadata=2 spec=0 status=96",  # 95
    "conditions=0*type disruptedPods=0",  # 96
    "deleteOptions=0 metadata=2",  # 97
    "metadata=2 spec=0 status=99",  # 98
    "conditions=0*type disruptedPods=0",  # 99
    "metadata=2 spec=0",  # 100
    "aggregationRule=0 metadata=2",  # 101
    "metadata=2 roleRef=0",  # 102
    "metadata=2",  # 103
    "metadata=2 roleRef=0",  # 104
    "aggregationRule=0 metadata=2",  # 105
    "metadata=2 roleRef=0",  # 106
    "metadata=2",  # 107
    "metadata=2 roleRef=0",  # 108
    "metadata=2",  # 109
    "metadata=2",  # 110
    "metadata=2 spec=0",  # 111
    "metadata=2 spec=113",  # 112
    "drivers=0*name",  # 113
    "metadata=2 parameters=0",  # 114
    "metadata=2 spec=0 status=0",  # 115
    "metadata=2 spec=0",  # 116
    "metadata=2 spec=118",  # 117
    "drivers=0*name",  # 118
    "metadata=2 nodeTopology=0",  # 119
    "metadata=2 parameters=0",  # 120
    "metadata=2 spec=0 status=0",  # 121
    "metadata=2 spec=0 status=0",  # 122
    "metadata=2 spec=0 status=0",  # 123
    "metadata=2 spec=0 status=125",  # 124
    "conditions=0*type",  # 125
    "metadata=2 spec=0 status=127",  # 126
    "conditions=0*type",  # 127
)
# fmt: on
