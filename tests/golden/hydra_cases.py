FIXTURES = {"empty": {"main/config.yaml": "a: 1\n"}}
def cases():
    yield {"fixture": "empty", "overrides": []}
