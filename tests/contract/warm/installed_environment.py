"""What an import does to the environment holds for the job too."""
import changes_environment
import os

print([os.environ.get(name) for name in ("GREETING", "ADDED", "HERE", "SECRET_TOKEN", "LD_BIND_NOW")])
os.system('echo "$GREETING $ADDED $HERE $LD_BIND_NOW"')
