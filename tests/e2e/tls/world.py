# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Copyright (c) 2026 The sluice authors
"""
The servers of the table of clients, in a network namespace of their own: DNS (dnsmasq, and a stub before it that forwards, as
systems have on 127.0.0.53), HTTPS (Python's ssl, openssl s_server, node's http2) each behind a listener that counts what arrives,
and proxies (HTTP CONNECT, SOCKS).
"""
import os
import shutil
import socket
import ssl
import struct
import subprocess
import threading
import time

UPSTREAM, STUB = "127.0.0.54", "127.0.0.53"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Type: text/plain\r\n\r\nok\n"
WAIT = 20  # seconds: nothing here takes as long


def now():
    """What the records have."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


# ---- certificates ----------------------------------------------------------------------------------------------------


def make_ca(work, names):
    """ca.pem, and server.pem for the names."""
    def openssl(*args):
        subprocess.run(["openssl", *args], cwd=work, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=decoy CA",
            "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
    openssl("req", *key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=decoy server")
    with open(f"{work}/server.ext", "w", encoding="ascii") as ext:
        ext.write("basicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\nsubjectAltName=" +
                  ",".join(f"DNS:{name}" for name in names) + "\n")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", "server.crt",
            "-days", "2", "-extfile", "server.ext")
    with open(f"{work}/server.pem", "wb") as out:
        for part in ("server.key", "server.crt"):
            with open(f"{work}/{part}", "rb") as source:
                shutil.copyfileobj(source, out)


# ---- what counts -----------------------------------------------------------------------------------------------------


class Count:
    """One connection that arrived: when how many bytes of payload came."""

    def __init__(self, at):
        self.at, self.pieces, self.done = at, [], threading.Event()

    def took(self, data):
        self.pieces.append((now(), len(data)))

    def bytes(self, since=0):
        return sum(size for when, size in self.pieces if when >= since)


class Listener:
    """
    Takes connections at an address and port, counts what each sends, and passes it on. greet: speaks with the client first and
    says where to; None: the connection ends.
    """

    def __init__(self, addr, port, greet, maxseg=0):
        family = socket.AF_INET6 if ":" in addr else socket.AF_INET
        self.addr, self.port, self.greet, self.counts, self.lock = addr, port, greet, [], threading.Lock()
        self.sock = socket.socket(family, socket.SOCK_STREAM)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if maxseg:
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, maxseg)
        self.sock.bind((addr, port))
        self.sock.listen(16)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            client, _ = self.sock.accept()
            count = Count(self.addr)
            with self.lock:
                self.counts.append(count)
            threading.Thread(target=self.one, args=(client, count), daemon=True).start()

    def one(self, client, count):
        try:
            client.settimeout(WAIT)
            target, rest = self.greet(Counted(client, count))
            if target:
                server = socket.create_connection(target, WAIT)
                server.sendall(rest)
                back = threading.Thread(target=pump, args=(server, client, None), daemon=True)
                back.start()
                pump(client, server, count)
                back.join(WAIT)
                server.close()
        except OSError:
            pass
        finally:
            # What is still to come is counted before the end.
            try:
                client.shutdown(socket.SHUT_WR)
                while data := client.recv(65536):
                    count.took(data)
            except OSError:
                pass
            client.close()
            count.done.set()

    def settled(self):
        """Every connection that has come so far, when each has ended."""
        with self.lock:
            counts = list(self.counts)
        for count in counts:
            count.done.wait(WAIT)
        return counts


class Counted:
    """A socket that is read from while it is counted."""

    def __init__(self, sock, count):
        self.sock, self.count, self.left = sock, count, b""

    def more(self):
        data = self.sock.recv(65536)
        if not data:
            raise OSError("ended")
        self.count.took(data)
        self.left += data

    def until(self, mark):
        while mark not in self.left:
            self.more()
        got, self.left = self.left.split(mark, 1)
        return got

    def exactly(self, size):
        while len(self.left) < size:
            self.more()
        got, self.left = self.left[:size], self.left[size:]
        return got


def pump(source, target, count):
    try:
        while data := source.recv(65536):
            if count:
                count.took(data)
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


# ---- proxies ---------------------------------------------------------------------------------------------------------


def to(host, port):
    """A listener of servers: no greeting."""
    return lambda client: ((host, port), b"")


def connect_proxy(client):
    """HTTP CONNECT."""
    target = client.until(b"\r\n\r\n").split(b" ")[1].decode()
    host, port = target.rsplit(":", 1)
    client.sock.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
    return (host.strip("[]"), int(port)), client.left


def socks_proxy(client):
    """SOCKS4, 4a, and SOCKS5 with a user and a password when the client has one."""
    version, methods = client.exactly(2)
    if version == 4:
        port, addr = struct.unpack("!H4s", client.exactly(6))
        client.until(b"\0")
        host = socket.inet_ntoa(addr)
        if host.startswith("0.0.0."):
            host = client.until(b"\0").decode()
        client.sock.sendall(b"\0\x5a" + bytes(6))
        return (host, port), client.left
    offered = client.exactly(methods)
    if 2 in offered:
        client.sock.sendall(b"\x05\x02")
        client.exactly(client.exactly(2)[1])
        client.exactly(client.exactly(1)[0])
        client.sock.sendall(b"\x01\x00")
    else:
        client.sock.sendall(b"\x05\x00")
    _, _, _, kind = client.exactly(4)
    if kind == 3:
        host = client.exactly(client.exactly(1)[0]).decode()
    else:
        size = 4 if kind == 1 else 16
        host = socket.inet_ntop(socket.AF_INET if kind == 1 else socket.AF_INET6, client.exactly(size))
    port = struct.unpack("!H", client.exactly(2))[0]
    client.sock.sendall(b"\x05\x00\x00\x01" + bytes(6))
    return (host, port), client.left


# ---- servers ---------------------------------------------------------------------------------------------------------


def python_server(work, port):
    """HTTPS/1.1 that keeps connections, by Python's ssl."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{work}/server.pem")
    context.set_alpn_protocols(["http/1.1"])
    listening = socket.create_server(("127.0.0.1", port), backlog=64)

    def one(raw):
        try:
            raw.settimeout(WAIT)
            with context.wrap_socket(raw, server_side=True) as conn:
                data = b""
                while piece := conn.recv(65536):
                    data += piece
                    while b"\r\n\r\n" in data:
                        head, data = data.split(b"\r\n\r\n", 1)
                        size = next((int(line.split(b":")[1]) for line in head.split(b"\r\n")
                                     if line.lower().startswith(b"content-length")), 0)
                        while len(data) < size:
                            data += conn.recv(65536)
                        data = data[size:]
                        conn.sendall(ANSWER)
                        if b"HTTP/1.0" in head or b"close" in head.lower():
                            conn.unwrap()
                            return
        except (OSError, ValueError):
            pass
        finally:
            raw.close()

    def serve():
        while True:
            threading.Thread(target=one, args=(listening.accept()[0],), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()


NODE = """
const fs = require('fs'), pem = fs.readFileSync('server.pem');
require('http2').createSecureServer({key: pem, cert: pem}, (q, a) => { a.end('ok\\n'); }).listen(PORT, '127.0.0.1');
"""


class World:
    """Everything that runs beside the clients; ended by close()."""

    def __init__(self, work):
        self.work, self.processes = work, []

    def start(self, *argv):
        log = open(f"{self.work}/servers.log", "ab")  # closed with us
        self.processes.append(subprocess.Popen(argv, cwd=self.work, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                               preexec_fn=die_with_parent))

    def servers(self, have_node):
        python_server(self.work, 9001)
        self.start("openssl", "s_server", "-accept", "127.0.0.1:9002", "-cert", "server.pem", "-www", "-quiet")
        if have_node:
            self.start("node", "-e", NODE.replace("PORT", "9003"))
        for port in (9001, 9002, *((9003,) if have_node else ())):
            reach(port)

    def dns(self, records):
        """records: lines of dnsmasq's configuration."""
        with open(f"{self.work}/dns.conf", "w", encoding="ascii") as conf:
            conf.write("\n".join(["no-resolv", "no-hosts", "bind-interfaces", "user=root", f"listen-address={UPSTREAM}",
                                  "local=/example/", "pid-file=", *records]) + "\n")
        with open(f"{self.work}/stub.conf", "w", encoding="ascii") as conf:
            conf.write("\n".join(["no-resolv", "no-hosts", "bind-interfaces", "user=root", f"listen-address={STUB}",
                                  f"server={UPSTREAM}", "cache-size=0", "pid-file="]) + "\n")
        for conf in ("dns.conf", "stub.conf"):
            self.start("dnsmasq", "--keep-in-foreground", f"--conf-file={self.work}/{conf}")
        for addr in (UPSTREAM, STUB):
            ask(addr)

    def close(self):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait(WAIT)


def die_with_parent():
    import ctypes

    ctypes.CDLL(None).prctl(1, 15)


def patiently(attempt, what):
    deadline = time.monotonic() + WAIT
    while True:
        try:
            return attempt()
        except OSError:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{what} does not answer") from None
            time.sleep(0.05)  # a server of another's says nowhere that it listens


def reach(port):
    patiently(lambda: socket.create_connection(("127.0.0.1", port), 1).close(), f"port {port}")


def ask(addr):
    query = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07version\x04bind\x00\x00\x10\x00\x03"

    def attempt():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(1)
            sock.connect((addr, 53))
            sock.send(query)
            sock.recv(4096)

    patiently(attempt, f"DNS on {addr}")
