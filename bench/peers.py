"""The servers that a hit of KCK is measured beside. Each answers with as many bytes as KCK does."""

import os
import shutil
import subprocess

from common import Failed, LOAD_CORE, Server, find_program, free_port, load, pinned, raw_answer

NGINX_CONF = """
daemon off;
{user}worker_processes 1;
pid {folder}/pid;
error_log stderr error;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path {folder}/body;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  proxy_temp_path {folder}/proxy;
  proxy_cache_path {folder}/cache keys_zone=hit:1m;
  {tls}
  server {{ listen 127.0.0.1:{port}{ssl}; location / {{ {location} }} }}
}}
"""


def program(name, package):
    found = shutil.which(name, path="/usr/sbin:/usr/bin:/usr/local/bin:/usr/local/sbin")
    if not found:
        raise Failed(f"{name} is not installed: apt-get install {package}")
    return found


NGINX_TLS = """
  ssl_certificate {cert};
  ssl_certificate_key {key};
  ssl_protocols TLSv1.2 TLSv1.3;
"""


def fitted(servers, start, answer_bytes, tls=None):
    """Starts a server whose whole answer has that length: once to see what it adds to the body, then for good."""
    server = servers.add(start(answer_bytes))
    added = len(raw_answer(server.port, "/", tls is not None)[0]) - answer_bytes
    # A shorter body may have a shorter Content-Length as well.
    for body_bytes in (answer_bytes - added, answer_bytes - added + 1):
        server.stop()
        server = servers.add(start(body_bytes))
        if len(raw_answer(server.port, "/", tls is not None)[0]) == answer_bytes:
            return server
    raise Failed(f"{server.name} has no answer of {answer_bytes} bytes")


class Http:
    """A peer that the common load client drives."""

    def __init__(self, server, path="/", core=LOAD_CORE, rate=0, tls=False, headers=()):
        self.server, self.path, self.core, self.rate, self.tls, self.headers = server, path, core, rate, tls, headers

    def drive(self, options, seconds):
        return load(options, self.server.port, self.path, seconds, self.core, connections=options.connections,
                    pipeline=options.pipeline, rate=self.rate, tls=self.tls, headers=self.headers)


class Redis:
    """Driven by its own client, since it does not speak HTTP."""

    def __init__(self, server):
        self.server = server

    def drive(self, options, seconds):
        tried = self._run(options, 100000)  # to know how many requests take about so long
        found = self._run(options, max(1, int(tried["requests"] / tried["seconds"] * seconds)))
        return {name: tried[name] + found[name] for name in found}

    def _run(self, options, requests):
        command = [program("redis-benchmark", "redis-tools"), "-p", self.server.port, "-c", options.connections,
                   "-P", options.pipeline, "-n", requests, "--csv", "GET", "k"]
        done = pinned(command, LOAD_CORE, stdout=subprocess.PIPE, text=True)
        line = done.communicate()[0].strip().splitlines()[-1]
        return {"requests": requests, "seconds": requests / float(line.split(",")[1].strip('"'))}


def start_loop(options, servers, answer):
    folder = servers.subfolder(f"loop{len(answer)}")
    (folder / "answer").write_bytes(answer)
    return servers.add(Server("bare epoll loop", [find_program(options, "bench/epoll_loop"), 0, folder / "answer"],
                              folder / "log", r"listening on 127\.0\.0\.1:(\d+)"))


def start_nginx(servers, name, location, tls=None):
    """`tls`: the files of a certificate and its key."""
    port = free_port()
    folder = servers.subfolder(f"nginx{port}")
    user = "user root;\n" if os.geteuid() == 0 else ""  # or its worker could not write into the folder
    (folder / "nginx.conf").write_text(NGINX_CONF.format(folder=folder, port=port, location=location, user=user,
                                                          tls=NGINX_TLS.format(cert=tls[0], key=tls[1]) if tls else "",
                                                          ssl=" ssl" if tls else ""))
    command = [program("nginx", "nginx-light"), "-p", folder, "-c", folder / "nginx.conf"]
    return Server(name, command, folder / "log", port=port)


def start_nginx_return(servers, answer_bytes, tls=None):
    def start(body_bytes):
        return start_nginx(servers, "nginx return", f"default_type application/json; return 200 '{'x' * body_bytes}';",
                           tls)
    return fitted(servers, start, answer_bytes, tls)


def start_origin(options, servers, body_bytes):
    """Where the caches get their answer from, once."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nCache-Control: max-age=86400\r\nContent-Length: {body_bytes}\r\n\r\n"
    return start_loop(options, servers, head.encode() + b"x" * body_bytes)


def start_nginx_cache(options, servers, answer_bytes):
    def start(body_bytes):
        origin = start_origin(options, servers, body_bytes)
        return start_nginx(servers, "nginx proxy_cache",
                           f"proxy_cache hit; proxy_pass http://127.0.0.1:{origin.port};")
    return fitted(servers, start, answer_bytes)


def start_varnish(options, servers, answer_bytes):
    def start(body_bytes):
        origin = start_origin(options, servers, body_bytes)
        port = free_port()
        folder = servers.subfolder(f"varnish{port}")
        command = [program("varnishd", "varnish"), "-F", "-j", "none", "-n", folder / "work", "-s", "malloc,64m",
                   "-a", f"127.0.0.1:{port}", "-b", f"127.0.0.1:{origin.port}"]
        return Server("Varnish", command, folder / "log", port=port)

    # X-Varnish and Age differ in length from answer to answer: to within some bytes is as near as it gets.
    server = servers.add(start(answer_bytes))
    raw_answer(server.port, "/")
    added = len(raw_answer(server.port, "/")[0]) - answer_bytes
    server.stop()
    return servers.add(start(answer_bytes - added))


def start_redis(servers, answer_bytes):
    port = free_port()
    folder = servers.subfolder(f"redis{port}")
    command = [program("redis-server", "redis-server"), "--port", port, "--bind", "127.0.0.1", "--save", "",
               "--appendonly", "no", "--dir", folder]
    server = servers.add(Server("redis GET", command, folder / "log", port=port))
    body_bytes = answer_bytes - len(f"${answer_bytes}\r\n\r\n")
    subprocess.run([program("redis-cli", "redis-tools"), "-p", str(port), "set", "k", "x" * body_bytes], check=True,
                   stdout=subprocess.DEVNULL)
    return server
