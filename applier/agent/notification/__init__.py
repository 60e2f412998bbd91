"""Events to people and systems, webhooks to requests: Flux's Provider, Alert and Receiver."""
