//! The targets that accept or deny nothing, and the options of all targets (iptables-extensions(8)).

/// The options of a target, each with the number of its values.
type Options = &'static [(&'static str, usize)];

/// Targets after which a packet continues with the next rule. No modeled match depends on their changes.
const PASSING_ON: &[(&str, Options)] = &[
    ("AUDIT", &[("--type", 1)]),
    ("CHECKSUM", &[("--checksum-fill", 0)]),
    ("CLASSIFY", &[("--set-class", 1)]),
    (
        "CONNMARK",
        &[
            ("--set-mark", 1),
            ("--set-xmark", 1),
            ("--and-mark", 1),
            ("--or-mark", 1),
            ("--xor-mark", 1),
            ("--save-mark", 0),
            ("--restore-mark", 0),
            ("--nfmask", 1),
            ("--ctmask", 1),
            ("--mask", 1),
            ("--left-shift-mark", 1),
            ("--right-shift-mark", 1),
        ],
    ),
    ("CONNSECMARK", &[("--save", 0), ("--restore", 0)]),
    (
        "CT",
        &[
            ("--helper", 1),
            ("--ctevents", 1),
            ("--expevents", 1),
            ("--timeout", 1),
        ],
    ),
    ("DSCP", &[("--set-dscp", 1), ("--set-dscp-class", 1)]),
    (
        "ECN",
        &[
            ("--ecn-tcp-remove", 0),
            ("--ecn-tcp-cwr", 1),
            ("--ecn-tcp-ece", 1),
            ("--ecn-ip-ect", 1),
        ],
    ),
    ("HL", &[("--hl-set", 1), ("--hl-dec", 1), ("--hl-inc", 1)]),
    (
        "HMARK",
        &[
            ("--hmark-tuple", 1),
            ("--hmark-mod", 1),
            ("--hmark-offset", 1),
            ("--hmark-src-prefix", 1),
            ("--hmark-dst-prefix", 1),
            ("--hmark-sport-mask", 1),
            ("--hmark-dport-mask", 1),
            ("--hmark-spi-mask", 1),
            ("--hmark-proto-mask", 1),
            ("--hmark-sport", 1),
            ("--hmark-dport", 1),
            ("--hmark-spi", 1),
            ("--hmark-rnd", 1),
        ],
    ),
    (
        "IDLETIMER",
        &[
            ("--timeout", 1),
            ("--label", 1),
            ("--alarm", 0),
            ("--send_nl_msg", 1),
        ],
    ),
    (
        "LED",
        &[
            ("--led-trigger-id", 1),
            ("--led-delay", 1),
            ("--led-always-blink", 0),
        ],
    ),
    (
        "LOG",
        &[
            ("--log-prefix", 1),
            ("--log-level", 1),
            ("--log-tcp-sequence", 0),
            ("--log-tcp-options", 0),
            ("--log-ip-options", 0),
            ("--log-uid", 0),
            ("--log-macdecode", 0),
        ],
    ),
    (
        "MARK",
        &[
            ("--set-mark", 1),
            ("--set-xmark", 1),
            ("--and-mark", 1),
            ("--or-mark", 1),
            ("--xor-mark", 1),
        ],
    ),
    (
        "NFLOG",
        &[
            ("--nflog-group", 1),
            ("--nflog-prefix", 1),
            ("--nflog-range", 1),
            ("--nflog-size", 1),
            ("--nflog-threshold", 1),
        ],
    ),
    (
        "RATEEST",
        &[
            ("--rateest-name", 1),
            ("--rateest-interval", 1),
            ("--rateest-ewmalog", 1),
        ],
    ),
    ("SECMARK", &[("--selctx", 1)]),
    (
        "SET",
        &[
            ("--add-set", 2),
            ("--del-set", 2),
            ("--map-set", 2),
            ("--exist", 0),
            ("--timeout", 1),
            ("--map-mark", 0),
            ("--map-prio", 0),
            ("--map-queue", 0),
        ],
    ),
    ("TCPMSS", &[("--set-mss", 1), ("--clamp-mss-to-pmtu", 0)]),
    ("TCPOPTSTRIP", &[("--strip-options", 1)]),
    ("TEE", &[("--gateway", 1), ("--oif", 1)]),
    (
        "TOS",
        &[
            ("--set-tos", 1),
            ("--and-tos", 1),
            ("--or-tos", 1),
            ("--xor-tos", 1),
        ],
    ),
    ("TRACE", &[]),
    (
        "TTL",
        &[("--ttl-set", 1), ("--ttl-dec", 1), ("--ttl-inc", 1)],
    ),
    (
        "ULOG",
        &[
            ("--ulog-prefix", 1),
            ("--ulog-nlgroup", 1),
            ("--ulog-cprange", 1),
            ("--ulog-qthreshold", 1),
        ],
    ),
];

/// Unsupported targets, which do more than accept or deny.
const UNSUPPORTED_TARGETS: &str = "
    CHAOS CLUSTERIP CONTINUE DELUDE DNAT DNPT ECHO MASQUERADE MIRROR NAT NETMAP NFQUEUE NOTRACK QUEUE
    REDIRECT SNAT SNPT STEAL SYNPROXY SYSRQ TARPIT TPROXY
";

/// True for targets that do more than accept, deny or change a packet.
pub(super) fn is_unsupported(target: &str) -> bool {
    let mut unsupported = UNSUPPORTED_TARGETS.split_ascii_whitespace();
    unsupported.any(|known| known == target)
}

/// True for an option of a target that packet boxes cannot express.
pub(super) fn is_unsupported_option(target: &str, option: &str) -> bool {
    match target {
        "CT" => matches!(
            option,
            "--notrack" | "--zone" | "--zone-orig" | "--zone-reply"
        ),
        _ => option.starts_with("--") && is_unsupported(target),
    }
}

/// True if a packet continues with the next rule after a target.
pub(super) fn passes_on(target: &str) -> bool {
    PASSING_ON.iter().any(|(name, _)| *name == target)
}

/// The number of values of a target's option; `None` if the target has no such option.
pub(super) fn values(target: &str, option: &str) -> Option<usize> {
    let options = match target {
        "REJECT" => &[("--reject-with", 1)],
        _ => PASSING_ON.iter().find(|(name, _)| *name == target)?.1,
    };
    let known = options.iter().find(|(known, _)| *known == option);
    known.map(|(_, values)| *values)
}
