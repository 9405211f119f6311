"""Measures time and memory of a command from a small process, since a child's peak memory includes its parent's.

    python -I -S measured.py SECONDS COMMAND...

Prints a JSON object: seconds, megabytes, code (null if it took longer than SECONDS), output.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time


def main() -> None:
    """Runs the command and prints its measurements."""
    with tempfile.TemporaryFile() as output:
        start = time.monotonic()
        child = subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
        timer = threading.Timer(float(sys.argv[1]), child.kill)
        timer.start()
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.monotonic() - start
        timer.cancel()
        output.seek(0)
        text = output.read(1 << 20).decode(errors="replace")
    code = os.waitstatus_to_exitcode(status)
    print(json.dumps({"seconds": seconds, "megabytes": usage.ru_maxrss / 1024, "code": code, "output": text}))


if __name__ == "__main__":
    main()
