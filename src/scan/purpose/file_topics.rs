//! Determines the topics of a whole file, in case the lines around its addresses have none.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::scan::evidence::Service;
use crate::scan::words::{Finders, finders};

/// The topics of a file that change the meaning of Twilio's addresses in it.
#[derive(Clone, Copy, Debug)]
pub(in crate::scan) struct FileTopics {
    /// The service that the file is about.
    pub service: Service,
    /// The file is the source of a test, whose addresses are examples.
    pub is_test: bool,
    /// The file configures HTTP in nginx, and no streams.
    pub has_nginx_http: bool,
}

impl FileTopics {
    /// Determines the topics of a file by its name, without its folder, and its text.
    pub(in crate::scan) fn new(name: &str, text: &[u8]) -> FileTopics {
        static WEB: Finders = LazyLock::new(|| {
            finders(&[
                "webhook",
                "Webhook",
                "WEBHOOK",
                "X-Twilio-Signature",
                "x-twilio-signature",
                "X-Forwarded-For",
                "x-forwarded-for",
                "X_FORWARDED_FOR",
                "REMOTE_ADDR",
                "remote_addr",
                "proxy_pass http",
                "middleware",
                "Middleware",
                "WAF",
                "wafv2",
            ])
        });
        static TURN: Finders = LazyLock::new(|| {
            finders(&[
                "turn:",
                "stun:",
                "TURN",
                "STUN",
                "coturn",
                "typ relay",
                "candidate",
                "WebRTC",
                "webrtc",
                "twilio-video",
                "Twilio Video",
                "Network Traversal",
            ])
        });
        static CALLS: Finders = LazyLock::new(|| {
            finders(&[
                "SIP", "sip:", "sip.", " sip", "sip_", "pjsip", "5060", "5061", "Trunk", "trunk",
                "PBX", "pbx",
            ])
        });
        static MEDIA: Finders = LazyLock::new(|| finders(&["RTP", "rtp", "media", "Media"]));
        static TESTS: Finders = LazyLock::new(|| {
            finders(&[
                "def test_",
                "node:test",
                "pytest",
                "unittest",
                "describe(",
                "expect(",
                "func Test",
                "@Test",
                "[Fact]",
                "[Test]",
                "#[test]",
                "assertEqual",
                "assert_",
                "assertThat",
                "assertIn",
                "assert.",
            ])
        });
        static NGINX_HTTP: Finders = LazyLock::new(|| {
            finders(&[
                "location ",
                "server_name ",
                "proxy_pass http",
                "fastcgi_pass ",
                "http {",
            ])
        });
        static STREAM: Finders = LazyLock::new(|| finders(&["stream {", "stream{"]));
        let has = |signs: &Finders| signs.iter().any(|sign| sign.find(text).is_some());
        // "sipgate" is a provider.
        let names_calls = |sign: &Finder| {
            let mut places = sign.find_iter(text);
            places.any(|at| !starts_word_of_sipgate(&text[at..]))
        };
        let is_for_calls = CALLS.iter().any(names_calls);
        let is_named = name.to_ascii_lowercase().contains("webhook");
        FileTopics {
            service: if is_for_calls {
                Service::Calls
            } else if has(&TURN) {
                Service::Turn
            } else if !has(&MEDIA) && (is_named || has(&WEB)) {
                Service::Webhooks
            } else {
                Service::Calls
            },
            is_test: has(&TESTS) || is_name_of_test(name),
            has_nginx_http: has(&NGINX_HTTP) && !has(&STREAM),
        }
    }
}

/// Returns true if a file has a name that test runners select, such as `test_x.py`, `x_test.go`, `x.test.mjs` or
/// `XTest.java`.
fn is_name_of_test(name: &str) -> bool {
    let Some((stem, extension)) = name.rsplit_once('.') else {
        return false;
    };
    let ends = [".test", "_test", ".spec", "_spec"];
    let is_class = matches!(extension, "java" | "kt" | "cs" | "php")
        && (stem.ends_with("Test") || stem.ends_with("Tests"));
    is_class || stem.starts_with("test_") || ends.iter().any(|end| stem.ends_with(end))
}

/// Returns true if a text starts with the name of the provider sipgate, or with a space before it.
fn starts_word_of_sipgate(text: &[u8]) -> bool {
    let text = text.strip_prefix(b" ").unwrap_or(text);
    text.get(..7)
        .is_some_and(|word| word.eq_ignore_ascii_case(b"sipgate"))
}
