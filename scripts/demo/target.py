#!/usr/bin/python3
"""A service that Prometheus can scrape: `target.py PORT NAME`. It counts requests nobody makes."""
import http.server, sys, time

BEGAN = time.time()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        page = (f'# TYPE dolthubapi_info gauge\ndolthubapi_info{{name="{sys.argv[2]}"}} 1\n'
                f"# TYPE dolthubapi_requests_total counter\n"
                f"dolthubapi_requests_total {int(40 * (time.time() - BEGAN))}\n").encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *args):
        pass


http.server.ThreadingHTTPServer.allow_reuse_address = True
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
