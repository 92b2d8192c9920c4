"""A bare genesis-envd for a test, alone in a network of its own: the SDKs' debug mode knows only port
49983, which several tests (and people) may want at once."""

import ctypes
import fcntl
import json
import os
import pathlib
import socket
import struct
import subprocess
import tempfile
import unittest

from command_case import CommandCase

BIN = pathlib.Path(os.environ["GENESIS_BIN"])
PORT = 49983
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1


def own_network():
    """For this process and its children from now on; None, or why not."""
    libc = ctypes.CDLL(None, use_errno=True)
    uid, gid = os.geteuid(), os.getegid()
    if libc.unshare(CLONE_NEWNET | (CLONE_NEWUSER if uid else 0)) != 0:
        return os.strerror(ctypes.get_errno())
    if uid:
        pathlib.Path("/proc/self/setgroups").write_text("deny")
        pathlib.Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
        pathlib.Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sH22x", b"lo", 0)
        flags = struct.unpack("16sH22x", fcntl.ioctl(any_socket, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH22x", b"lo", flags | IFF_UP))
    return None


REFUSED = own_network()


class EnvdCase(CommandCase):
    token = None

    @classmethod
    def setUpClass(cls):
        if REFUSED is not None:
            raise unittest.SkipTest(f"no network of its own for the test: {REFUSED}")
        cls.folder = tempfile.TemporaryDirectory(prefix="genesis-envd-")
        cls.path = cls.folder.name
        os.chmod(cls.path, 0o777)
        command = [str(BIN / "genesis-envd"), "--listen", f"127.0.0.1:{PORT}"]
        if cls.token:
            token_file = pathlib.Path(cls.path) / "token"
            token_file.write_text(cls.token + "\n")
            command += ["--token-file", str(token_file)]
        cls.envd = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert json.loads(cls.envd.stdout.readline())["url"] == f"http://127.0.0.1:{PORT}"

    @classmethod
    def tearDownClass(cls):
        cls.reap(cls.envd)
        cls.folder.cleanup()
