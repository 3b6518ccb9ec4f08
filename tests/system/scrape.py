"""What a worker's /metrics say."""

import http.client
import re


def gauge(worker, name):
    """The value of a series without labels; None while the worker does not show it."""
    ports = re.findall(r"event=listening address=127.0.0.1 port=(\d+)",
                       worker.log.read_text(errors="replace"))
    if not ports:
        return None
    connection = http.client.HTTPConnection("127.0.0.1", int(ports[-1]), timeout=10)
    try:
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
    except OSError:
        return None
    finally:
        connection.close()
    found = re.search(rf"^(?:cpor_)?{name} (\S+)$", text, re.M)
    return float(found.group(1)) if found else None
