# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Copyright (c) 2026 The sluice authors
"""
Clients that no program of the distribution is: by Python's ssl, run within a decoy tool's session.

  client.py get CA HOST                 one request
  client.py pieces CA HOST SIZE         the same, everything sent SIZE bytes at a time
  client.py keep CA HOST FILE           a request, then FILE is read (-: not), then another on the same connection
  client.py late CA HOST FILE           the same, but first a few bytes, and the rest when the story of these has been told
  client.py hosts HOST...               only asks DNS
  client.py proxy PORT                  an HTTP CONNECT proxy on 127.0.0.1, for one connection; "ready" first
"""
import socket
import ssl
import sys
import time

SETTLES = 4  # seconds: a story is told 3 after the first send
REQUEST = "GET / HTTP/1.1\r\nHost: {}\r\n{}\r\n"


def context(ca):
    made = ssl.create_default_context(cafile=ca)
    made.set_alpn_protocols(["http/1.1"])
    return made


def answer(conn):
    data = b""
    while not data.endswith(b"ok\n"):
        piece = conn.recv(65536)
        if not piece:
            raise SystemExit("no answer")
        data += piece


def get(ca, host):
    with socket.create_connection((host, 443), 10) as raw, context(ca).wrap_socket(raw, server_hostname=host) as conn:
        conn.sendall(REQUEST.format(host, "Connection: close\r\n").encode())
        answer(conn)


def pieces(ca, host, size):
    """The hello, and all else, in as many segments as it has pieces."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context(ca).wrap_bio(incoming, outgoing, server_hostname=host)
    with socket.create_connection((host, 443), 10) as raw:
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def step(what):
            while True:
                try:
                    done, wants = what(), False
                except ssl.SSLWantReadError:
                    done, wants = None, True
                while outgoing.pending:
                    raw.send(outgoing.read(size))
                if not wants:
                    return done
                data = raw.recv(65536)
                if not data:
                    raise SystemExit("no answer")
                incoming.write(data)

        step(tls.do_handshake)
        step(lambda: tls.write(REQUEST.format(host, "Connection: close\r\n").encode()))
        step(lambda: tls.read(65536))


def keep(ca, host, file, late=False):
    with socket.create_connection((host, 443), 10) as raw, context(ca).wrap_socket(raw, server_hostname=host) as conn:
        conn.sendall(REQUEST.format(host, "").encode())
        answer(conn)
        print(f"read {time.clock_gettime_ns(time.CLOCK_BOOTTIME)}", flush=True)
        text = "nothing"
        if file != "-":
            with open(file, encoding="ascii") as source:
                text = source.read()
        if late:
            conn.sendall(REQUEST.format(host, "").encode())
            answer(conn)
            time.sleep(SETTLES)
        body = text * 300
        conn.sendall((f"POST / HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n" + body).encode())
        answer(conn)


def proxy(port):
    from world import Listener, connect_proxy

    listener = Listener("127.0.0.1", int(port), connect_proxy)
    print("ready", flush=True)
    while not listener.counts:
        time.sleep(0.02)
    listener.settled()


def main():
    what, args = sys.argv[1], sys.argv[2:]
    if what == "get":
        get(*args)
    elif what == "pieces":
        pieces(args[0], args[1], int(args[2]))
    elif what == "keep":
        keep(*args)
    elif what == "late":
        keep(*args, late=True)
    elif what == "hosts":
        for host in args:
            socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)
    elif what == "proxy":
        proxy(*args)


main()
