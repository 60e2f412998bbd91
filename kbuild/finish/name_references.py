"""placeholder"""
def fix(resources, back_references, context):
    pass
