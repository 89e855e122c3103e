"""HTTPS: the handshake, what travels over it, clients that break off or speak something else, certificates that change."""

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import ssl
import struct
import subprocess

import pytest

from support.certificates import make_pair, openssl
from support.files import kck_yml, make_sqlite, product
from support.wait import wait_for

SILENCE_MS = 300


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "node0"


def files(tmp_path, tls="cert: tls/server.pem, key: tls/server.key", **http):
    url = make_sqlite(tmp_path / "items.db", "create table item (id integer primary key, name text)")
    return {"kck.yml": kck_yml(url, tls="{" + tls + "}", **http),
            "products/text.yml": product("select replace(hex(zeroblob(:size)), '00', 'x')", "size: int")}


def start(make_node, tmp_path, folder, **http):
    cert, _ = make_pair(folder / "tls")
    return make_node(files(tmp_path, **http), ca=cert).start()


def trusting(cert, **limits):
    context = ssl.create_default_context(cafile=cert)
    for name, value in limits.items():
        setattr(context, name, value)
    return context


def plain(node):
    return socket.create_connection(("127.0.0.1", node.port), timeout=30)


def secure(node, context=None, **options):
    return (context or trusting(node.ca)).wrap_socket(plain(node), server_hostname="localhost", **options)


def request(path, method="GET", body=b"", headers=""):
    length = f"Content-Length: {len(body)}\r\n" if body else ""
    return f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{length}{headers}\r\n".encode() + body


def answers(connection, count):
    """The bodies of so many answers, all 200."""
    stream = connection.makefile("rb")
    bodies = []
    for _ in range(count):
        assert stream.readline() == b"HTTP/1.1 200 OK\r\n"
        head = http.client.parse_headers(stream)
        bodies.append(stream.read(int(head["Content-Length"])))
    return bodies


def serial(node):
    """Of the certificate that a new connection gets."""
    with secure(node, unverified()) as connection:
        return connection.getpeercert(binary_form=True)


def unverified():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def metric(node, name):
    return int(re.search(rf"^{name} (\S+)$", node.get("/metrics").text, re.M)[1])


def ends(connection):
    """Whether the server has closed the connection, in order or not."""
    with contextlib.suppress(ConnectionResetError):
        return connection.recv(1000) == b""
    return True


def test_a_handshake_and_what_it_agrees_on(make_node, tmp_path, folder):
    node = start(make_node, tmp_path, folder)
    context = trusting(node.ca)
    context.set_alpn_protocols(["h2", "http/1.1"])
    with secure(node, context) as connection:
        assert connection.version() == "TLSv1.3"
        assert connection.selected_alpn_protocol() == "http/1.1"
        assert connection.compression() is None
    with secure(node, trusting(node.ca, maximum_version=ssl.TLSVersion.TLSv1_2)) as connection:
        assert connection.version() == "TLSv1.2"
        assert connection.cipher()[0].startswith("ECDHE-ECDSA-")
        connection.sendall(request("/healthz"))
        assert answers(connection, 1) == [b'{"success":true}']
    assert f"at https://127.0.0.1:{node.port}" in node.log()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_many_requests_on_one_connection(make_node, tmp_path, folder, version):
    node = start(make_node, tmp_path, folder)
    with secure(node, trusting(node.ca, minimum_version=version, maximum_version=version)) as connection:
        for size in (1, 5, 2):
            connection.sendall(request(f"/fetch/text/{size}"))
            assert b'"value":[["' + b"x" * size + b'"]]' in answers(connection, 1)[0]
        sizes = [size * 331 % 40_000 for size in range(1, 201)]
        connection.sendall(b"".join(request(f"/fetch/text/{size}") for size in sizes))
        for size, body in zip(sizes, answers(connection, len(sizes))):
            assert b'"value":[["' + b"x" * size + b'"]]' in body


def test_large_bodies_both_ways(make_node, tmp_path, folder):
    node = start(make_node, tmp_path, folder, body_bytes_max="16MiB")
    value = json.dumps("".join(chr(97 + number % 26) for number in range(9_000_000))).encode()
    with secure(node) as connection:
        connection.sendall(request("/set/large", "PUT", value))
        answers(connection, 1)
        connection.sendall(request("/fetch/large") * 3)
        for body in answers(connection, 3):
            assert value in body


def test_records_cut_anywhere(make_node, tmp_path, folder):
    """A client between two ends in memory, so that its records can be sent byte by byte."""
    node = start(make_node, tmp_path, folder)
    with plain(node) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = trusting(node.ca).wrap_bio(incoming, outgoing, server_hostname="localhost")

        def send_in_bytes():
            for byte in outgoing.read():
                connection.sendall(bytes([byte]))

        def until_done(call):
            while True:
                try:
                    return call()
                except ssl.SSLWantReadError:
                    send_in_bytes()
                    incoming.write(connection.recv(65536))

        until_done(client.do_handshake)
        client.write(request("/healthz")[:20])
        client.write(request("/healthz")[20:])
        send_in_bytes()
        assert b'{"success":true}' in until_done(lambda: client.read(65536))


def test_a_slow_reader_of_a_large_answer(make_node, tmp_path, folder):
    node = start(make_node, tmp_path, folder)
    with secure(node) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        connection.sendall(request("/fetch/text/6000000", headers="Connection: close\r\n"))
        assert node.value("text/1") == [["x"]], "others are served meanwhile"
        assert len(answers(connection, 1)[0]) > 6_000_000
        assert connection.recv(10) == b"", "the end is said"


def test_the_end_is_said(make_node, tmp_path, folder):
    node = start(make_node, tmp_path, folder)
    strict = {"suppress_ragged_eofs": False}
    with secure(node, **strict) as connection:
        connection.sendall(request("/healthz", headers="Connection: close\r\n"))
        answers(connection, 1)
        assert connection.recv(10) == b""
    with secure(node, **strict) as connection:
        connection.sendall(request("/healthz"))
        answers(connection, 1)
        connection.unwrap().close()
    with secure(node, **strict) as idle:
        idle.sendall(request("/healthz"))
        answers(idle, 1)
        assert node.stop() == 0
        assert idle.recv(10) == b"", "so is that of a server that stops"


def test_a_stream_that_is_cut_off_is_no_request(make_node, tmp_path, folder):
    node = start(make_node, tmp_path, folder)
    with secure(node) as connection:
        connection.sendall(request("/set/cut", "PUT", b"[1,2,3]")[:-1])
        bare = socket.socket(fileno=connection.detach())
    bare.settimeout(30)
    bare.shutdown(socket.SHUT_WR)
    while bare.recv(65536):
        pass
    bare.close()
    assert node.get("/fetch/cut").status_code == 404


@pytest.mark.parametrize("old", ["-tls1_1", "-tls1"])
def test_old_versions_are_refused(make_node, tmp_path, folder, old):
    node = start(make_node, tmp_path, folder)
    done = subprocess.run(["openssl", "s_client", old, "-cipher", "ALL@SECLEVEL=0", "-connect", f"127.0.0.1:{node.port}"],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)
    assert done.returncode != 0 and "alert protocol version" in done.stderr, done.stderr
    assert metric(node, "kck_tls_handshakes_failed_total") == 1
    assert "a TLS handshake failed: unsupported protocol" in node.log()


def test_a_higher_least_version(make_node, tmp_path, folder):
    node = start(make_node, tmp_path, folder, tls='cert: tls/server.pem, key: tls/server.key, min_version: "1.3"')
    with pytest.raises(ssl.SSLError):
        secure(node, trusting(node.ca, maximum_version=ssl.TLSVersion.TLSv1_2))
    assert node.get("/healthz").status_code == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS"])
def test_plain_http_is_told_what_is_spoken_here(make_node, tmp_path, folder, method):
    node = start(make_node, tmp_path, folder)
    with plain(node) as connection:
        connection.sendall(request("/fetch/text/1", method))
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 400 ") and b"this port speaks HTTPS" in answer
    assert b"Connection: close" in answer


@pytest.mark.parametrize("sent", [b"\0" * 5000, b"\r\n\r\n\r\n\r\n", os.urandom(3000).replace(b"G", b"g"), b"\x16\x03\x01\xff\xff" + b"a" * 4000,
                                  b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", b"\x80\x2e\x01\x03\x01" + b"\0" * 60],
                         ids=["zeros", "lines", "noise", "too long", "short hello", "SSL 2"])
def test_bytes_that_are_no_handshake_end_the_connection(make_node, tmp_path, folder, sent):
    node = start(make_node, tmp_path, folder, idle_timeout_ms=SILENCE_MS)
    with plain(node) as connection:
        connection.sendall(sent)
        while not ends(connection):
            pass
    assert node.get("/healthz").status_code == 200


def test_a_client_that_leaves_during_its_handshake(make_node, tmp_path, folder):
    node = start(make_node, tmp_path, folder)
    hello = client_hello(node)
    for cut in (0, 1, 5, len(hello) // 2, len(hello)):
        connection = plain(node)
        connection.sendall(hello[:cut])
        if cut == len(hello):
            assert connection.recv(1) == b"\x16", "the server's answer to the greeting"
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", cut % 2, 0))  # some by a reset
        connection.close()
    wait_for(lambda: metric(node, "kck_http_connections") == 1, "the connections to go")
    wait_for(lambda: metric(node, "kck_tls_handshakes_failed_total") == 4, "all but the silent one to be counted")


def client_hello(node):
    outgoing = ssl.MemoryBIO()
    client = trusting(node.ca).wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()


@pytest.mark.parametrize("share", [0, 0.5, 1], ids=["silent", "half a greeting", "no reply"])
def test_a_handshake_that_stands_still_is_given_up(make_node, tmp_path, folder, share):
    node = start(make_node, tmp_path, folder, idle_timeout_ms=SILENCE_MS)
    hello = client_hello(node)
    with plain(node) as connection:
        connection.sendall(hello[:int(len(hello) * share)])
        while not ends(connection):
            pass
    assert metric(node, "kck_tls_handshakes_failed_total") == (1 if share else 0)


def test_a_server_that_stops_does_not_wait_for_a_handshake(make_node, tmp_path, folder):
    node = start(make_node, tmp_path, folder, drain_timeout_ms=100_000)
    with plain(node) as connection:
        connection.sendall(client_hello(node)[:50])
        wait_for(lambda: metric(node, "kck_http_connections") == 2, "the connection")
        assert node.stop() == 0


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_sessions_are_resumed(make_node, tmp_path, folder, version):
    node = start(make_node, tmp_path, folder)
    context = trusting(node.ca, minimum_version=version, maximum_version=version)
    with secure(node, context) as first:
        first.sendall(request("/healthz"))
        answers(first, 1)
        assert not first.session_reused
        session = first.session
    with secure(node, context, session=session) as second:
        second.sendall(request("/healthz"))
        answers(second, 1)
        assert second.session_reused


def test_renegotiation_is_refused(make_node, tmp_path, folder):
    node = start(make_node, tmp_path, folder)
    with subprocess.Popen(["openssl", "s_client", "-tls1_2", "-CAfile", node.ca, "-connect", f"127.0.0.1:{node.port}"],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as client:
        said = client.communicate("R\n", timeout=30)[0]
    assert "no renegotiation" in said or "RENEGOTIATING" in said
    assert node.get("/healthz").status_code == 200


def test_a_new_certificate_is_taken_and_open_connections_go_on(make_node, tmp_path, folder):
    node = start(make_node, tmp_path, folder)
    before = serial(node)
    expires = metric(node, "kck_tls_certificate_expires_seconds")
    make_pair(tmp_path / "next", days=60)
    with secure(node) as old:
        for name in ("server.key", "server.pem"):
            (tmp_path / "next" / name).rename(folder / "tls" / name)
        wait_for(lambda: serial(node) != before, "the new certificate", 20)
        old.sendall(request("/fetch/text/3"))
        assert b"xxx" in answers(old, 1)[0]
    assert metric(node, "kck_tls_certificate_expires_seconds") == expires_of(folder / "tls/server.pem") > expires
    with secure(node) as new:
        new.sendall(request("/healthz"))
        answers(new, 1)


def expires_of(cert):
    text = openssl("x509", "-in", cert, "-noout", "-enddate").strip()
    return ssl.cert_time_to_seconds(text.removeprefix("notAfter="))


def broken_pairs(folder):
    """What replaces the two files, and what is said of it."""
    other, _ = make_pair(folder / "other")
    expired, key = make_pair(folder / "expired", days=-1)
    return {"a certificate of another key": (other.read_text(), None, "does not belong to the certificate"),
            "no certificate": ("nonsense\n", None, "holds no certificate in PEM form"),
            "no key": (None, "", "holds no private key in PEM form"),
            "an expired one": (expired.read_text(), key.read_text(), " expired on 20")}


@pytest.mark.parametrize("case", ["a certificate of another key", "no certificate", "no key", "an expired one"])
def test_a_broken_pair_is_refused_and_the_old_stays(make_node, tmp_path, folder, case):
    node = start(make_node, tmp_path, folder)
    before, expires = serial(node), metric(node, "kck_tls_certificate_expires_seconds")
    cert, key, said = broken_pairs(tmp_path)[case]
    names = {name: text for name, text in (("tls/server.pem", cert), ("tls/server.key", key)) if text is not None}
    sound = {name: (folder / name).read_text() for name in names}
    node.write(names)
    node.signal(signal.SIGHUP)
    wait_for(lambda: "stays in service: kck.yml:" in node.log(), "the refusal")
    assert said in node.log()
    assert serial(node) == before and metric(node, "kck_tls_certificate_expires_seconds") == expires
    node.write(sound)
    node.signal(signal.SIGHUP)
    wait_for(lambda: "is loaded anew" in node.log(), "the cure")
    assert serial(node) == before


def test_check_tells_what_is_wrong_with_the_files(make_node, tmp_path, folder):
    node = make_node(files(tmp_path))
    cases = {name: pair for name, pair in broken_pairs(tmp_path).items()}
    (folder / "tls").mkdir()
    make_pair(folder / "tls")
    sound = {name: (folder / name).read_text() for name in ("tls/server.pem", "tls/server.key")}
    assert node.check().returncode == 0
    for cert, key, said in cases.values():
        node.write({**sound, **({"tls/server.pem": cert} if cert is not None else {}),
                    **({"tls/server.key": key} if key is not None else {})})
        fault, = json.loads(node.check("--json").stdout)
        assert said in fault["message"] and fault["cure"] and fault["file"] == "kck.yml" and fault["line"] == 4
        column = 20 if "certificate in PEM" in said or "expired" in said else 41
        assert fault["column"] == column, fault
    (folder / "tls/server.pem").unlink()
    fault, = json.loads(node.check("--json").stdout)
    assert "cannot be read: No such file or directory" in fault["message"]
    openssl("pkey", "-in", tmp_path / "other/server.key", "-aes256", "-passout", "pass:x", "-out", folder / "tls/server.key")
    node.write({"tls/server.pem": sound["tls/server.pem"]})
    assert "under a password" in node.check().stdout


def test_what_start_does_with_a_bad_certificate(make_node, tmp_path, folder):
    node = make_node(files(tmp_path))
    node.launch()
    assert node.process.wait(timeout=30) == 1
    assert "kck.yml:4:20: error: the certificate" in node.log() and "cannot be read" in node.log()
    make_pair(folder / "tls", days=-1)
    node.start()
    assert "warning: the certificate" in node.log() and " expired on 20" in node.log()
    assert serial(node)


def test_the_client_commands(make_node, tmp_path, folder):
    node = start(make_node, tmp_path, folder)
    by_name = f"https://localhost:{node.port}"
    assert node.run("fetch", "text/2", "--url", by_name, "--ca", node.ca, url=False).stdout == '[["xx"]]\n'
    assert node.run("fetch", "text/2", "--ca", node.ca).stdout == '[["xx"]]\n', "by the address in the certificate"
    unknown = node.run("fetch", "text/2", "--url", by_name, url=False)
    assert unknown.returncode == 1 and "not trusted" in unknown.stderr and "--ca FILE" in unknown.stderr
    other = node.run("fetch", "text/2", "--url", f"https://127.0.0.2:{node.port}", "--ca", node.ca, url=False)
    assert other.returncode == 1
    text = (folder / "kck.yml").read_text()
    node.write({"kck.yml": text.replace("http: {", f'http: {{listen: "127.0.0.1:{node.port}", ')})
    assert node.run("fetch", "text/2", url=False).stdout == '[["xx"]]\n', "the folder's own certificate is known"
    no_file = node.run("fetch", "text/2", "--ca", tmp_path / "absent.pem")
    assert no_file.returncode == 2
    refused = node.run("fetch", "text/2", "--url", f"http://127.0.0.1:{node.port}", url=False)
    assert refused.returncode == 1 and "this port speaks HTTPS" in refused.stderr


def test_a_certificate_for_another_name(make_node, tmp_path, folder):
    cert, _ = make_pair(folder / "tls", kind="rsa")
    node = make_node(files(tmp_path), ca=cert).start()
    listening = node.run("fetch", "text/2", "--url", f"https://ip6-localhost:{node.port}", "--ca", cert, url=False)
    assert listening.returncode == 1
    make_pair(folder / "tls", host="elsewhere.example.com", kind="rsa")
    before = node.log()
    node.signal(signal.SIGHUP)
    wait_for(lambda: "is loaded anew" in node.log()[len(before):], "the other certificate")
    named = node.run("fetch", "text/2", "--url", f"https://localhost:{node.port}", "--ca", cert, url=False)
    assert named.returncode == 1 and "is not for localhost" in named.stderr


def test_curl(make_node, tmp_path, folder):
    node = start(make_node, tmp_path, folder)
    done = subprocess.run(["curl", "--silent", "--show-error", "--cacert", node.ca, "--max-time", "30",
                           *[f"https://localhost:{node.port}/fetch/text/{size}" for size in (1, 100_000)]],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and '[["x"]]' in done.stdout and "x" * 100_000 in done.stdout, done.stderr
