"""TensorBoard's writer where TensorBoard is not; where it is, `python -m conformance packages tensorboard` compares its files."""

import subprocess
import sys


def test_without_the_package_it_is_named():
    program = """
import sys
sys.modules["tensorboard"] = None
try:
    import lucid.utils.tensorboard
except ModuleNotFoundError as error:
    print(error.name, "pip install tensorboard" in str(error))
"""
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout == "tensorboard True\n"
