"""Lets tasks written for `genesis.core` run unmodified under the Genesis launcher.

A package of the same name that is installed stays reachable for everything but `core`.
"""

import pkgutil

__path__ = pkgutil.extend_path(__path__, __name__)
