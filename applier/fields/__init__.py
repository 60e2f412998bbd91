"""Field ownership as the server records it, and what it proves: whether an apply would change anything, and what.

Defaulting is never simulated. Only fields that are ours are compared, and where nothing is proved the server is asked.
Source: structured-merge-diff v6 `fieldpath` (the FieldsV1 form); checked on kube-apiserver 1.33.
"""
