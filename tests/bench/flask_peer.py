"""An empty handler in Flask, on Flask's own threaded server, which is how the pool proxy serves. Ends when its input ends."""

import logging
import os
import sys
import threading

import flask
from werkzeug.serving import make_server

app = flask.Flask(__name__)


@app.post("/attest/submit")
def submit():
    flask.request.get_data()
    return {"ok": True}


logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = make_server("127.0.0.1", 0, app, threaded=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(f"127.0.0.1:{server.port}", flush=True)
sys.stdin.read()
os._exit(0)
