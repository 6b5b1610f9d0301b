"""Kills its parent, leaves a daemon behind, and starts threads and processes (2,000 at most)."""

import numpy as np

# %% ps1 after setup
import os
import signal
import subprocess
import sys
import threading
import time

try:
    os.kill(os.getppid(), signal.SIGKILL)
    print("the parent was sent SIGKILL")
except OSError as failure:
    print("parent:", failure)

try:
    if os.fork() == 0:
        os.setsid()
        time.sleep(5)
        with open("../../../gradebook.db", "ab") as file:
            file.write(b"1000 points")
        os._exit(0)
except OSError as failure:
    print("daemon:", failure)

started = 0
try:
    for _ in range(2000):
        if os.fork() == 0:
            time.sleep(10)
            os._exit(0)
        started += 1
except OSError as failure:
    print("processes:", started, failure)

try:
    subprocess.run([sys.executable, "-c", "print('hello')"], check=True, timeout=5)
except Exception as failure:
    print("program:", type(failure).__name__)

started = 0
try:
    for _ in range(2000):
        threading.Thread(target=time.sleep, args=(10,), daemon=True).start()
        started += 1
except RuntimeError as failure:
    print("threads:", started, failure)

# %% ps1 add_bias
def add_bias(X):
    return np.vstack((X, np.zeros(X.shape[1])))
