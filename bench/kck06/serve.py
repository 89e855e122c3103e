"""serve.py --port=P --logging=error: the HTTP server of kck 0.6.3.

What its bin/kck_http.py does, which the package installs in a place where its command does not find it. Here it listens
on loopback alone, several processes may share the port, and Cassandra is there before the first request.
"""

import tornado.httpserver
import tornado.ioloop
import tornado.netutil
from kck.lib.http_service import KCKHTTPServer
from kck.lib.kck_cache import KCKCache
from tornado.options import options, parse_command_line

parse_command_line()
KCKCache.get_instance()
server = tornado.httpserver.HTTPServer(KCKHTTPServer.get_instance())
server.add_sockets(tornado.netutil.bind_sockets(options.port, address="127.0.0.1", reuse_port=True))
print("serving", flush=True)
tornado.ioloop.IOLoop.current().start()
