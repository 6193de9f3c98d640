"""Parses outputs in format livekit with LiveKit's own definitions, and prints what LiveKit answers.

Usage: livekit_requests.py FILE... The parser refuses unknown keys. Each line of stdout is a JSON object for a file:
the `id`, `name` and `addresses` of the trunk, and `listings`, answers of the API with this trunk and another one, in
each form that LiveKit's programs print.
"""

import json
import sys

from google.protobuf.json_format import MessageToJson, Parse
from livekit.protocol import sip


def trunk_of(text):
    if "update" not in json.loads(text):
        return Parse(text, sip.CreateSIPInboundTrunkRequest()).trunk
    request = Parse(text, sip.UpdateSIPInboundTrunkRequest())
    assert request.WhichOneof("action") == "update", text
    changed = [field.name for field, _ in request.update.ListFields()]
    assert changed == ["allowed_addresses"], text
    addresses = request.update.allowed_addresses
    assert not addresses.add and not addresses.remove and not addresses.clear, text
    return sip.SIPInboundTrunkInfo(sip_trunk_id=request.sip_trunk_id, allowed_addresses=addresses.set)


def listings(trunk):
    stored = sip.SIPInboundTrunkInfo()
    stored.CopyFrom(trunk)
    stored.sip_trunk_id = stored.sip_trunk_id or "ST_cqYQ3UGPC5Kf"
    stored.numbers.append("+15105550100")
    stored.max_call_duration.seconds = 3600
    other = sip.SIPInboundTrunkInfo(sip_trunk_id="ST_vMyYvBPZ2mnV", name="open", numbers=["+15105550101"])
    answer = sip.ListSIPInboundTrunkResponse(items=[other, stored])
    return [
        MessageToJson(answer),
        MessageToJson(answer, preserving_proto_field_name=True),
        MessageToJson(answer, preserving_proto_field_name=True, always_print_fields_with_no_presence=True),
        MessageToJson(answer, indent=None, always_print_fields_with_no_presence=True),
        MessageToJson(stored),
        "[" + MessageToJson(stored, preserving_proto_field_name=True) + "]",
    ]


for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as file:
        trunk = trunk_of(file.read())
    print(
        json.dumps(
            {
                "id": trunk.sip_trunk_id,
                "name": trunk.name,
                "addresses": list(trunk.allowed_addresses),
                "listings": listings(trunk),
            }
        )
    )
