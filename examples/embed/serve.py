"""Serves the three pages of this folder: python3 examples/embed/serve.py http://127.0.0.1:8000

The one argument is the coordinator. Start one on this machine with
`adit serve --origin http://localhost:8090`, which lets these pages in.
"""

import http.server
import pathlib
import sys

FOLDER = pathlib.Path(__file__).parent
PORT = 8090


class Pages(http.server.BaseHTTPRequestHandler):
    """Each page with the coordinator's address written in; the strict one with a policy."""

    coordinator = ""

    def do_GET(self):
        name = self.path.split("?")[0].strip("/") or "plain"
        page = FOLDER / f"{name}.html"
        if name == "favicon.ico":
            # Browsers ask for it on their own, and there is none.
            self.send_response(204)
            self.end_headers()
            return
        if not name.isalpha() or not page.is_file():
            self.send_error(404)
            return
        text = page.read_text(encoding="utf-8").replace("COORDINATOR", self.coordinator)
        self.send_response(200)
        self.send_header("content-type", "text/html; charset=utf-8")
        if name == "strict":
            self.send_header(
                "content-security-policy",
                f"default-src 'none'; script-src {self.coordinator}; frame-src {self.coordinator}",
            )
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


def main():
    if len(sys.argv) not in (2, 3) or not sys.argv[1].startswith(("http://", "https://")):
        sys.exit(__doc__)
    Pages.coordinator = sys.argv[1].rstrip("/")
    port = int(sys.argv[2]) if len(sys.argv) == 3 else PORT
    server = http.server.ThreadingHTTPServer(("localhost", port), Pages)
    print(f"http://localhost:{server.server_port}/", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
