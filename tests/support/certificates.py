"""Certificates of the tests' own, made by the openssl command."""

import subprocess


def openssl(*arguments):
    done = subprocess.run(["openssl", *(str(argument) for argument in arguments)], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def make_pair(folder, name="server", days=30, host="localhost", kind="ec"):
    """Writes NAME.pem and NAME.key of a certificate that vouches for itself; with days below 0 it has expired."""
    folder.mkdir(parents=True, exist_ok=True)
    cert, key = folder / f"{name}.pem", folder / f"{name}.key"
    keys = {"ec": ["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"], "rsa": ["rsa:2048"]}[kind]
    openssl("req", "-x509", "-newkey", *keys, "-nodes", "-keyout", key, "-out", cert, "-days", 30,
            "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{host},IP:127.0.0.1")
    if days != 30:
        openssl("x509", "-in", cert, "-signkey", key, "-days", days, "-out", cert)
    return cert, key
