# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Copyright (c) 2026 The sluice authors
"""
The table: each case is a real client in a decoy tool's session, run twice, once after a decoy .env was read and once without. What sluice must say
is written as `run` tells it from the events (see there). HOST is the case's own name, ADDR its address.
"""

CONNECT, HELLO, FLOW = "connect HOST dns-session/exact", "hello HOST sni/exact", "flow HOST whole"
PLAIN = (CONNECT, HELLO, FLOW)
INCIDENT = "incident HOST dns-session/exact whole"
QUIC = (CONNECT, "hello - dns-session/exact quic", "flow HOST datagrams")
QUIC_INCIDENT = "incident HOST dns-session/exact datagrams"
PROXIED = ("connect - none/none", "hello HOST proxy-connect/high", FLOW)
PROXIED_INCIDENT = "incident HOST proxy-connect/high whole"
# A name that only its session's DNS knows of, and a server that is called by another.
FRONT = "front.away.example"


class Case:
    """
    needs: programs; server: which one answers, "": a UDP socket that nobody reads; v6: it has an IPv6 address too ("only": no other;
    "dead": which does not answer); maxseg: of the server's side; records: further lines for DNS, extra: what its address record has before
    its name; ttl: of its name; proxy: a proxy of this kind is there for it; own: it starts one
    (what arrives there is counted by nobody); late: waits until its name's time is over;
    {read} in a script: there the decoy is read, else at its beginning.
    """

    def __init__(self, name, client, script, said=PLAIN, incident=INCIDENT, needs=(), server="python", v6="", maxseg=0, records=(),
                 ttl=300, proxy="", own=False, late=False, extra=""):
        self.name, self.client, self.script, self.said, self.incident = name, client, script, said, incident
        self.needs, self.server, self.v6, self.maxseg, self.records = needs, server, v6, maxseg, records
        self.ttl, self.proxy, self.own, self.late, self.extra = ttl, proxy, own, late, extra


S_CLIENT = "printf 'GET / HTTP/1.0\\r\\n\\r\\n' | openssl s_client -quiet -verify_return_error -CAfile {ca} "
CURL = "curl -sS -o /dev/null --max-time 15 --cacert {ca} "
PY = "{python} {here}/client.py "

CASES = [
    # Libraries.
    Case("openssl", "openssl s_client", S_CLIENT + "-connect {host}:443", needs=("openssl",), server="openssl"),
    Case("curl", "curl, OpenSSL", CURL + "-4 https://{host}/", needs=("curl",)),
    Case("curl-h2", "curl, HTTP/2", CURL + "--http2 https://{host}/", needs=("curl", "node"), server="node"),
    Case("curl-h3", "curl, HTTP/3 only; nobody answers", CURL + "--http3-only https://{host}/; true", needs=("curl", "curl:HTTP3"),
         server="", said=QUIC, incident=QUIC_INCIDENT),
    Case("quic", "a datagram as QUIC begins", PY + "hosts {host}; {triggers}/flows quic {addr} 443", server="", said=QUIC,
         incident=QUIC_INCIDENT),
    Case("gnutls", "gnutls-cli", "printf 'GET / HTTP/1.0\\r\\n\\r\\n' | gnutls-cli --x509cafile {ca} -p 443 {host}",
         needs=("gnutls-cli",)),
    Case("wget", "wget, GnuTLS", "{wget} -q -O /dev/null --ca-certificate={ca} https://{host}/", needs=("wget",)),
    Case("nss", "tstclnt, NSS", "tstclnt -Q -h {host} -p 443 -d sql:{nss}", needs=("tstclnt", "certutil")),
    Case("python", "Python ssl", PY + "get {ca} {host}"),
    Case("node", "node https", "NODE_EXTRA_CA_CERTS={ca} node -e \"require('https').get('https://{host}/', {{agent: false}}, "
         "a => a.resume())\"", needs=("node",)),
    Case("go", "Go net/http: post-quantum shares", "{go} {ca} https://{host}/", needs=("go",)),
    Case("uv", "uv, rustls; what it is answered is no index", "SSL_CERT_FILE={ca} uv --no-cache --no-config pip install --target {tmp}/x "
         "--index-url https://{host}/ x; true", needs=("uv",)),
    # Addresses.
    Case("ipv6", "curl", CURL + "https://{host}/", needs=("curl",), v6="only"),
    Case("eyeballs", "curl: IPv6 does not answer", CURL + "https://{host}/", needs=("curl",), v6="dead",
         said=(CONNECT, CONNECT, HELLO, FLOW)),  # what is not answered is no flow
    # Hellos.
    Case("resumed", "openssl s_client, twice", S_CLIENT + "-connect {host}:443 -sess_out {tmp}/ticket; " +
         S_CLIENT + "-connect {host}:443 -sess_in {tmp}/ticket", needs=("openssl",), server="openssl",
         said=(CONNECT, CONNECT, HELLO, HELLO + " resumed", FLOW, FLOW),
         incident=INCIDENT + ", HOST dns-session/exact whole"),
    Case("small-mss", "curl, segments of 88 bytes", CURL + "https://{host}/", needs=("curl",), maxseg=88),
    Case("pieces", "Python ssl, 7 bytes a send", PY + "pieces {ca} {host} 7"),
    Case("records", "openssl s_client, records of 512", S_CLIENT + "-connect {host}:443 -max_send_frag 512 -alpn {long}",
         needs=("openssl",), server="openssl"),
    Case("no-sni", "openssl s_client -noservername", S_CLIENT + "-connect {host}:443 -noservername", needs=("openssl",),
         server="openssl", said=(CONNECT, "hello - dns-session/exact", FLOW)),
    Case("sni-against-dns", "openssl s_client -servername", S_CLIENT + "-connect {host}:443 -servername " + FRONT, needs=("openssl",),
         server="openssl", said=(CONNECT, "hello FRONT sni/low sni-mismatch away", "flow FRONT whole sni-mismatch")),
    Case("connect-to", "curl --connect-to", CURL + "--connect-to " + FRONT + ":443:{host}:443 https://" + FRONT + "/", needs=("curl",),
         said=(CONNECT, "hello FRONT sni/low sni-mismatch away", "flow FRONT whole sni-mismatch")),
    # Names.
    Case("two-names", "Python ssl; another name of the address was asked for too",
         PY + "hosts other-{host}; " + PY + "get {ca} {host}", records=("host-record=other-{host},{addr},300",),
         said=("connect HOST dns-session/high +1", HELLO, FLOW), incident="incident HOST dns-session/high whole"),
    Case("cname", "curl; a chain of three", CURL + "https://{host}/", needs=("curl",), records=(
        "cname={host},b.{host}", "cname=b.{host},c.{host}"), extra="c."),
    Case("no-dns", "openssl s_client, by address", S_CLIENT + "-connect {addr}:443 -servername {host}", needs=("openssl",),
         server="openssl", said=("connect - none/none", "hello HOST sni/low", FLOW), incident="incident HOST sni/low whole"),
    Case("ttl-over", "openssl s_client, by address, when the name's time is over",
         PY + "hosts {host}; read -r x; {read}" + S_CLIENT + "-connect {addr}:443 -servername {host}", needs=("openssl",), server="openssl",
         ttl=1, late=True, said=("connect HOST dns-session/low expired", "hello HOST sni/low", FLOW),
         incident="incident HOST dns-session/low whole"),
    Case("no-stub", "curl, asks the server itself", "unshare -m sh -c 'mount --bind {direct} /etc/resolv.conf && " + CURL +
         "https://{host}/'", needs=("curl",)),
    # What is open already.
    Case("keep-alive", "Python ssl, open before the read", PY + "keep {ca} {host} {env}",
         incident="incident HOST dns-session/exact rest"),
    Case("late-upload", "Python ssl, open before the read; first a few bytes", PY + "late {ca} {host} {env}",
         incident=(INCIDENT.replace("whole", "part"), INCIDENT.replace("whole", "rest again"))),
    # Proxies on the loopback, outside the session: they ask DNS, or are told an address.
    Case("connect-proxy", "curl -x http://", CURL + "-x http://{proxy}:3128 https://{host}/", needs=("curl",), proxy="connect",
         said=PROXIED, incident=PROXIED_INCIDENT),
    Case("connect-addr", "curl -x http://, to an address", CURL + "-k -x http://{proxy}:3128 https://{addr}/", needs=("curl",),
         proxy="connect", said=("connect - none/none", "hello ADDR proxy-connect/high", "flow ADDR whole"),
         incident="incident ADDR proxy-connect/high whole"),
    Case("connect-away", "curl -x http://, to what a rule alerts of", CURL + "--connect-to " + FRONT + ":443:{host}:443 -x "
         "http://{proxy}:3128 https://" + FRONT + "/; " + CURL + "-x http://{proxy}:3128 https://" + FRONT + "/; true", needs=("curl",),
         proxy="connect", said=("connect - none/none", "connect - none/none", "hello HOST proxy-connect/high", "hello FRONT sni/low sni-mismatch away",
                                "hello FRONT proxy-connect/high away", "flow FRONT whole sni-mismatch", "flow FRONT whole"),
         incident=PROXIED_INCIDENT + ", FRONT proxy-connect/high whole"),
    Case("socks", "curl -x socks5h://", CURL + "-x socks5h://{proxy}:1080 https://{host}/", needs=("curl",), proxy="socks",
         said=PROXIED, incident=PROXIED_INCIDENT),
    Case("socks-user", "curl -x socks5h://, with a password", CURL + "-x socks5h://ann:word@{proxy}:1080 https://{host}/",
         needs=("curl",), proxy="socks", said=PROXIED, incident=PROXIED_INCIDENT),
    Case("socks-addr", "curl -x socks5://, which asks DNS itself", CURL + "-x socks5://{proxy}:1080 https://{host}/", needs=("curl",),
         proxy="socks", said=("connect - none/none", "hello HOST proxy-connect/exact", HELLO, FLOW),
         incident="incident HOST proxy-connect/exact whole"),
    Case("socks4", "curl -x socks4a://", CURL + "-x socks4a://ann@{proxy}:1080 https://{host}/", needs=("curl",), proxy="socks",
         said=PROXIED, incident=PROXIED_INCIDENT),
    Case("socks4-addr", "curl -x socks4://, which asks DNS itself", CURL + "-4 -x socks4://{proxy}:1080 https://{host}/", needs=("curl",),
         proxy="socks", said=("connect - none/none", "hello HOST proxy-connect/exact", HELLO, FLOW),
         incident="incident HOST proxy-connect/exact whole"),
    Case("socks-unread", "SOCKS5 for a kind of address that there is not", "printf '\\005\\001\\000\\005\\001\\000\\011x' | nc {proxy} 1080; "
         "true", proxy="socks", said=("connect - none/none", "hello - none/none behind-proxy", "flow - whole behind-proxy"),
         incident="incident - none/none whole"),
    # Within the session: what it sends is the session's, too.
    Case("own-proxy", "curl -x http://, a proxy of its own", PY + "proxy {own} >proxy.out & until grep -q ready proxy.out; do sleep 0.1; done; " +
         CURL + "-x http://127.0.0.1:{own} https://{host}/ && wait", needs=("curl",), own=True,
         said=("connect - none/none", CONNECT, "hello HOST proxy-connect/high", HELLO, FLOW, "flow within", FLOW),
         incident="incident HOST proxy-connect/high whole, HOST dns-session/exact whole"),
]
