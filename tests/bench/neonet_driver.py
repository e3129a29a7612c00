"""Drives a coordinator as NeoNet's own clients do: no key, made-up results, one call after the other.

    python3 tests/bench/neonet_driver.py URL SECONDS WORKERS

Prints one line of JSON with the tasks per second that the server answered (GET task, POST submit-result), all paid 0.
It needs only the standard library.
"""

import http.client
import json
import sys
import threading
import time
import urllib.parse


class Driver(threading.Thread):
    def __init__(self, host, port, number, until):
        super().__init__()
        self.connection = http.client.HTTPConnection(host, port)
        self.contributor = f"driver_{number}"
        self.until = until
        self.tasks = 0
        self.paid = 0.0

    def call(self, method, path, body=None):
        headers = {"Content-Type": "application/json"} if body else {}
        self.connection.request(method, path, json.dumps(body) if body else None, headers)
        answer = self.connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else {}

    def run(self):
        who = {"contributor_id": self.contributor}
        self.call("POST", "/ai-energy/register", who)
        _, started = self.call("POST", "/ai-energy/start-session", who)
        while time.monotonic() < self.until:
            status, task = self.call("GET", f"/ai-energy/task/{self.contributor}")
            if status != 200:
                break
            result = {"result_hash": "00" * 32, "final_norm": 1.0, "operations_done": 1}
            body = {**who, "session_id": started["session_id"], "task_id": task["task_id"], "result": result}
            _, answer = self.call("POST", "/ai-energy/submit-result", body)
            self.paid += answer.get("reward", 0)
            self.tasks += 1


def main():
    url, seconds, workers = urllib.parse.urlsplit(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    start = time.monotonic()
    drivers = [Driver(url.hostname, url.port, number, start + seconds) for number in range(workers)]
    for driver in drivers:
        driver.start()
    for driver in drivers:
        driver.join()
    tasks = sum(driver.tasks for driver in drivers)
    elapsed = time.monotonic() - start
    print(json.dumps({"tasks_per_s": tasks / elapsed, "tasks": tasks, "paid": sum(d.paid for d in drivers)}))


if __name__ == "__main__":
    main()
