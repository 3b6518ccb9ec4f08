"""What a worker's /metrics say."""

import http.client
import re


def port(worker):
    """Where it listens; None before."""
    ports = re.findall(r"event=listening address=127.0.0.1 port=(\d+)",
                       worker.log.read_text(errors="replace"))
    return int(ports[-1]) if ports else None


def get(worker, path):
    """The body of an answer; None when there is none."""
    number = port(worker)
    if number is None:
        return None
    connection = http.client.HTTPConnection("127.0.0.1", number, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().read().decode()
    except OSError:
        return None
    finally:
        connection.close()


def gauge(worker, name, labels=""):
    """The value of a series; None while the worker does not show it."""
    series = re.escape(f"{name}{{{labels}}}" if labels else name)
    found = re.search(rf"^(?:cpor_)?{series} (\S+)$", get(worker, "/metrics") or "", re.M)
    return float(found.group(1)) if found else None
