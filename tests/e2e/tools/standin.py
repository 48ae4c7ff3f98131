#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Copyright (c) 2026 The sluice authors
"""A stand-in for the providers of AI tools: one process that answers DNS, HTTP and HTTPS in a closed network.

It speaks as much of the Anthropic Messages, OpenAI Responses and Chat Completions and Gemini APIs as a command-line
tool needs for two turns: the first is answered with a call of the tool's own read tool (or shell) for a decoy file,
the second ends the conversation. Every request is logged as one JSON line: how large it was, and whether the decoy's
marker was in it. Nothing else of a request is kept. Any other POST (the demonstration's) is taken and logged.

What it is not: a model, a validator of requests, or anything to be reached from outside: it listens only where told.
"""

import argparse
import gzip
import http.server
import itertools
import json
import os
import re
import signal
import socket
import socketserver
import ssl
import struct
import sys
import threading
import time
import zlib

BODY_MAX = 64 << 20  # largest request taken; a tool's first turn is below 1 MiB


class Log:
    """One JSON line per event, written whole, from any thread."""

    def __init__(self, path):
        self.out = open(path, "a", buffering=1, encoding="utf-8")
        self.lock = threading.Lock()

    def line(self, **what):
        with self.lock:
            self.out.write(json.dumps({"t": round(time.time(), 3), **what}) + "\n")


# ---- DNS -------------------------------------------------------------------------------------------------------------


def dns_answer(query, names, address):
    """The answer to one query: A for `names`, no data for their other types, NXDOMAIN for any other name."""
    if len(query) < 17 or query[2] & 0x80:
        return None, None
    labels, at = [], 12
    while at < len(query) and query[at]:
        length = query[at]
        if length > 63 or at + 1 + length > len(query):
            return None, None
        labels.append(query[at + 1 : at + 1 + length].decode("latin-1").lower())
        at += 1 + length
    question = query[12 : at + 5]
    if len(question) != at + 5 - 12:
        return None, None
    name, qtype = ".".join(labels), struct.unpack("!H", query[at + 1 : at + 3])[0]
    known = name in names
    answers = b""
    if known and qtype == 1:
        answers = struct.pack("!HHHIH", 0xC00C, 1, 1, 60, 4) + socket.inet_aton(address)
    # A query that wanted recursion gets "recursion available": some resolvers treat its absence as failure.
    flags = 0x8000 | (struct.unpack("!H", query[2:4])[0] & 0x0100) | 0x0080 | (0 if known else 3)
    return query[:2] + struct.pack("!HHHHH", flags, 1, 1 if answers else 0, 0, 0) + question + answers, name


def dns_serve(sock, names, address, log):
    asked = set()
    while True:
        query, peer = sock.recvfrom(4096)
        answer, name = dns_answer(query, names, address)
        if answer is None:
            continue
        sock.sendto(answer, peer)
        if name not in asked:  # once per name: a tool asks for some names hundreds of times
            asked.add(name)
            log.line(dns=name, known=name in names)


# ---- what is answered ------------------------------------------------------------------------------------------------


class Plan:
    """What the model asks for: `how` is read (the tool's own read tool), shell (cat) or none (nothing)."""

    def __init__(self, how, file, marker):
        self.how, self.file, self.marker = how, file, marker.encode()

    def call(self, tools):
        """Name and arguments of the tool call, from the tools that the client offers; None to just answer."""
        if self.how == "none":
            return None
        command = f"cat {self.file}"
        table = {
            "read": [
                ("Read", {"file_path": self.file}),
                ("read_file", {"file_path": self.file}),
                ("read", {"filePath": self.file}),
            ],
            "shell": [
                ("Bash", {"command": command, "description": "Show the settings"}),
                ("bash", {"command": command, "description": "Show the settings"}),
                ("run_shell_command", {"command": command, "description": "Show the settings"}),
                ("exec_command", {"cmd": command}),
                ("shell_command", {"command": command}),
                ("shell", {"command": ["bash", "-lc", command]}),
            ],
        }
        for name, arguments in table[self.how]:
            if name in tools:
                return name, arguments
        return None


def sse(*events, named=True):
    text = ""
    for kind, data in events:
        text += (f"event: {kind}\n" if named else "") + f"data: {json.dumps(data)}\n\n"
    return text.encode()


def anthropic(request, plan):
    messages = request.get("messages", [])
    content = messages[-1].get("content") if messages else ""
    had = any(
        isinstance(block, dict) and block.get("type") == "tool_result"
        for message in messages
        for block in (message.get("content") if isinstance(message.get("content"), list) else [])
    )
    call = None if had or not content else plan.call([tool.get("name") for tool in request.get("tools", [])])
    if call:
        block = {"type": "tool_use", "id": "toolu_standin_1", "name": call[0], "input": {}}
        delta = {"type": "input_json_delta", "partial_json": json.dumps(call[1])}
    else:
        block = {"type": "text", "text": ""}
        delta = {"type": "text_delta", "text": "Done."}
    stop = "tool_use" if call else "end_turn"
    message = {
        "id": "msg_standin", "type": "message", "role": "assistant", "model": request.get("model", "stand-in"),
        "content": [], "stop_reason": None, "stop_sequence": None, "usage": {"input_tokens": 1, "output_tokens": 1},
    }
    if not request.get("stream"):
        block = {**block, "input": call[1]} if call else {"type": "text", "text": "Done."}
        return call, "application/json", json.dumps({**message, "content": [block], "stop_reason": stop}).encode()
    return call, "text/event-stream", sse(
        ("message_start", {"type": "message_start", "message": message}),
        ("content_block_start", {"type": "content_block_start", "index": 0, "content_block": block}),
        ("content_block_delta", {"type": "content_block_delta", "index": 0, "delta": delta}),
        ("content_block_stop", {"type": "content_block_stop", "index": 0}),
        ("message_delta", {"type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": None},
                           "usage": {"output_tokens": 1}}),
        ("message_stop", {"type": "message_stop"}),
    )


def responses(request, plan):
    items = request.get("input") if isinstance(request.get("input"), list) else []
    had = any(str(item.get("type", "")).endswith("_call_output") for item in items)
    call = None if had else plan.call([tool.get("name") for tool in request.get("tools", [])])
    if call:
        item = {"type": "function_call", "id": "fc_standin", "call_id": "call_standin_1", "status": "completed",
                "name": call[0], "arguments": json.dumps(call[1])}
    else:
        item = {"type": "message", "id": "msg_standin", "role": "assistant", "status": "completed",
                "content": [{"type": "output_text", "text": "Done.", "annotations": []}]}
    response = {"id": "resp_standin", "object": "response", "status": "completed", "output": [item],
                "model": request.get("model", "stand-in"),
                "usage": {"input_tokens": 1, "input_tokens_details": None, "output_tokens": 1,
                          "output_tokens_details": None, "total_tokens": 2}}
    events = [
        {"type": "response.created", "response": {**response, "status": "in_progress", "output": []}},
        {"type": "response.output_item.added", "output_index": 0, "item": item},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": response},
    ]
    return call, "text/event-stream", sse(*((event["type"], event) for event in events))


def chat(request, plan):
    had = any(message.get("role") == "tool" for message in request.get("messages", []))
    offered = [tool.get("function", {}).get("name") for tool in request.get("tools", [])]
    call = None if had else plan.call(offered)
    if call:
        message = {"role": "assistant", "content": None, "tool_calls": [
            {"index": 0, "id": "call_standin_1", "type": "function",
             "function": {"name": call[0], "arguments": json.dumps(call[1])}}]}
    else:
        message = {"role": "assistant", "content": "Done."}
    base = {"id": "chatcmpl-standin", "created": 1, "model": request.get("model", "stand-in")}
    stop = "tool_calls" if call else "stop"
    if not request.get("stream"):
        body = {**base, "object": "chat.completion", "choices": [{"index": 0, "message": message, "finish_reason": stop}]}
        return call, "application/json", json.dumps(body).encode()
    parts = [
        {**base, "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": message, "finish_reason": None}]},
        {**base, "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {}, "finish_reason": stop}]},
    ]
    return call, "text/event-stream", sse(*((None, part) for part in parts), named=False) + b"data: [DONE]\n\n"


def gemini(request, plan, stream):
    parts = [part for content in request.get("contents", []) for part in content.get("parts", [])]
    had = any("functionResponse" in part for part in parts)
    offered = [f.get("name") for tool in request.get("tools", []) for f in tool.get("functionDeclarations", [])]
    call = None if had else plan.call(offered)
    part = {"functionCall": {"name": call[0], "args": call[1]}} if call else {"text": "Done."}
    body = {"candidates": [{"content": {"role": "model", "parts": [part]}, "finishReason": "STOP", "index": 0}],
            "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2},
            "modelVersion": "stand-in"}
    if stream:
        return call, "text/event-stream", sse((None, body), named=False)
    return call, "application/json", json.dumps(body).encode()


# ---- HTTP ------------------------------------------------------------------------------------------------------------


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, address, plan, log, context=None):
        super().__init__(address, Handler)
        self.plan, self.log, self.context, self.numbers = plan, log, context, itertools.count(1)

    def server_bind(self):
        # Not the inherited one, which looks its own name up in DNS: here that would be ourselves, not yet answering.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]

    def handle_error(self, request, client_address):
        # A client that hangs up or does not trust the CA is an observation, not a crash.
        self.log.line(error=repr(sys.exc_info()[1])[:200])


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        # The handshake is made here, in the connection's own thread: a client that stalls stalls nobody else.
        self.request.settimeout(60)
        if self.server.context:
            self.request = self.server.context.wrap_socket(self.request, server_side=True)
        super().setup()
        self.number = next(self.server.numbers)

    def log_message(self, *_):
        pass

    def body(self):
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            data = b""
            while True:
                size = int(self.rfile.readline().split(b";")[0], 16)
                if len(data) + size > BODY_MAX:
                    raise ValueError("request too large")
                data += self.rfile.read(size)
                self.rfile.readline()
                if not size:
                    return data
        size = int(self.headers.get("Content-Length") or 0)
        if not 0 <= size <= BODY_MAX:
            raise ValueError("request too large")
        return self.rfile.read(size)

    def reply(self, status, kind, body):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def answer(self):
        raw = self.body()
        encoding = self.headers.get("Content-Encoding", "")
        data = raw
        if encoding == "gzip":
            data = gzip.decompress(raw)
        elif encoding == "deflate":
            data = zlib.decompress(raw)
        path, plan = self.path.split("?")[0], self.server.plan
        try:
            request = json.loads(data) if data else {}
        except ValueError:
            request = {}
        status, call, kind, body, what = 404, None, "application/json", b"{}", "refused"
        if self.command == "POST" and isinstance(request, dict):
            status = 200
            if path.endswith("/v1/messages"):
                what, (call, kind, body) = "anthropic", anthropic(request, plan)
            elif path.endswith("/count_tokens"):
                what, body = "count", b'{"input_tokens": 1}'
            elif path.endswith("/responses"):
                what, (call, kind, body) = "responses", responses(request, plan)
            elif path.endswith("/chat/completions"):
                what, (call, kind, body) = "chat", chat(request, plan)
            elif re.search(r":(streamG|g)enerateContent$", path):
                what, (call, kind, body) = "gemini", gemini(request, plan, "stream" in path)
            else:
                what = "taken"
        elif self.headers.get("Upgrade", "").lower() == "websocket":
            status, what = 426, "websocket"  # codex then uses plain HTTP at once; on any other answer it tries for 10 s
        self.server.log.line(
            http=self.command, path=path, conn=self.number, tls=bool(self.server.context), bytes=len(raw),
            encoding=encoding, marker=plan.marker in data, status=status, as_=what, call=call[0] if call else None,
            tools=offered(request) if what in ("anthropic", "responses", "chat", "gemini") else None)
        self.reply(status, kind, body)

    do_GET = do_POST = do_HEAD = do_PUT = answer


def offered(request):
    names = [tool.get("name") or tool.get("function", {}).get("name") or tool.get("type")
             for tool in request.get("tools", [])]
    names += [f.get("name") for tool in request.get("tools", []) for f in tool.get("functionDeclarations", [])]
    return [name for name in names if name]


def die_with_parent():
    """Ends with the process that started it, also when that one is killed outright."""
    import ctypes

    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--address", required=True, help="IPv4 address to serve HTTP on")
    parser.add_argument("--dns", required=True, help="IPv4 address to answer DNS on")
    parser.add_argument("--names", required=True, help="comma-separated DNS names of that address")
    parser.add_argument("--log", required=True, help="file for one JSON line per request")
    parser.add_argument("--ready", required=True, help="file that is made once all sockets listen")
    parser.add_argument("--how", choices=["read", "shell", "none"], default="none")
    parser.add_argument("--file", default="", help="decoy file that the model asks for")
    parser.add_argument("--marker", default="", help="string whose arrival is looked for")
    parser.add_argument("--cert", help="PEM file with key and certificate: serve HTTPS on 443")
    args = parser.parse_args()

    die_with_parent()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})  # main() alone waits for them
    log = Log(args.log)
    plan = Plan(args.how, args.file, args.marker or "\0no marker\0")
    names = set(args.names.lower().split(","))

    dns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    dns.bind((args.dns, 53))
    servers = [Server((args.address, 80), plan, log)]
    if args.cert:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(args.cert)
        context.set_alpn_protocols(["http/1.1"])
        servers.append(Server((args.address, 443), plan, log, context))
    threading.Thread(target=dns_serve, args=(dns, names, args.address, log), daemon=True).start()
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    with open(args.ready + ".part", "w", encoding="ascii") as out:
        out.write(f"{os.getpid()}\n")
    os.rename(args.ready + ".part", args.ready)
    try:
        signal.sigwait({signal.SIGTERM, signal.SIGINT})
    finally:
        log.line(end=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
