"""Reads decisions from Redis, implemented from docs/reference/redis.md alone.

reader.py vectors FILE                                            judges the cases in a file
reader.py read PORT NAMESPACE SUBJECT PERMISSION RESOURCE         reads a decision from 127.0.0.1
"""

import json
import socket
import sys
import time

MOST_MS = 50


def keys(namespace, subject, permission, resource):
    _, organization, *rest = resource.split("/", 2)
    place = rest[0] if rest else ""
    lengths = len(subject.encode()), len(permission.encode())
    prefix = "mandate:3:%s:{%s}:" % (namespace, organization)
    decision = "d:%d:%s:%d:%s:%s" % (lengths[0], subject, lengths[1], permission, place)
    return prefix + "r", prefix + decision


def number(word):
    if not (word.isascii() and word.isdigit()) or int(word) >= 1 << 63:
        raise ValueError(word)
    return int(word)


def read_revisions(value):
    epoch, revision, expire, floor, shared, behind, *pairs = value.split(" ")
    names, changes = pairs[0::2], [number(word) for word in pairs[1::2]]
    if len(names) != len(changes) or len(set(names)) != len(names) or "" in names:
        raise ValueError("pairs")
    if behind not in ("0", "1"):
        raise ValueError(behind)
    number(expire)
    return number(epoch), number(revision), number(floor), number(shared), dict(zip(names, changes))


def read_decision(value):
    epoch, revision, expire, effect, reason, until, grant = value.split(" ")
    if effect not in ("ALLOW", "DENY") or (effect == "ALLOW") != (reason == "ALLOWED"):
        raise ValueError(effect)
    if "" in (reason, grant):
        raise ValueError("a word is missing")
    number(expire)
    until = None if until == "-" else number(until)
    return number(epoch), number(revision), effect, until


def judge(subject, resource, revisions, decision, took_ms, now_ms):
    if revisions is None or decision is None or took_ms >= MOST_MS:
        return "ask"
    try:
        epoch, known, floor, shared, changed = read_revisions(revisions)
        own_epoch, made, effect, until = read_decision(decision)
    except ValueError:
        return "ask"
    place = "/".join(resource.split("/")[2:])
    last = max(floor, shared, changed.get(subject, 0), changed.get(place, 0))
    current = own_epoch == epoch and last <= made <= known
    in_time = until is None or now_ms < until
    return "use " + effect if current and in_time else "ask"


def mget(port, names):
    """Runs MGET in one round trip of RESP2. Returns the values and the milliseconds taken."""
    words = ["MGET", *names]
    command = "*%d\r\n" % len(words)
    command += "".join("$%d\r\n%s\r\n" % (len(word.encode()), word) for word in words)
    with socket.create_connection(("127.0.0.1", port)) as redis, redis.makefile("rb") as replies:
        begin = time.clock_gettime(time.CLOCK_BOOTTIME)
        redis.sendall(command.encode())
        if replies.readline() != b"*%d\r\n" % len(names):
            raise OSError("Redis refused")
        values = []
        for _ in names:
            length = int(replies.readline()[1:])
            values.append(None if length < 0 else replies.read(length + 2)[:-2].decode())
        return values, (time.clock_gettime(time.CLOCK_BOOTTIME) - begin) * 1000


def vectors(path):
    with open(path, encoding="utf-8") as file:
        told = json.load(file)
    for question in told["keys"]:
        expected = question.pop("keys")
        assert list(keys(told["namespace"], **question)) == expected, question
    fields = "subject", "resource", "revisions", "decision", "took_ms", "now_ms"
    for case in told["cases"]:
        found = judge(*(case[field] for field in fields))
        assert found == case["then"], "%s: %s" % (case["why"], found)
    print("%d cases" % len(told["cases"]))


def read(port, namespace, subject, permission, resource):
    values, took_ms = mget(int(port), keys(namespace, subject, permission, resource))
    print(judge(subject, resource, *values, took_ms, time.time() * 1000))


if __name__ == "__main__":
    {"vectors": vectors, "read": read}[sys.argv[1]](*sys.argv[2:])
