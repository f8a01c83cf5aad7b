"""The generated messages are those of the .proto file."""

from pathlib import Path

import pytest

import certkit

ROOT = Path(certkit.__file__).parent.parent
GENERATED = ("certkit/probe/control_pb2.py", "certkit/probe/control_pb2.pyi")


def test_the_generated_code_is_up_to_date(tmp_path: Path) -> None:
    protoc = pytest.importorskip("grpc_tools.protoc", reason="grpcio-tools makes the code")
    made = protoc.main(
        ["", f"-I{ROOT}", f"--python_out={tmp_path}", f"--pyi_out={tmp_path}", "certkit/probe/control.proto"]
    )
    assert made == 0
    for name in GENERATED:
        assert (tmp_path / name).read_text() == (ROOT / name).read_text()
