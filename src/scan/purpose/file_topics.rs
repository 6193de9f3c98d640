//! Determines the topics of a whole file, in case the lines around its addresses have none.

use std::sync::LazyLock;

use crate::scan::evidence::Service;
use crate::scan::words::{Finders, finders};

/// The topics of a file that change the meaning of Twilio's addresses in it.
#[derive(Clone, Copy, Debug)]
pub(in crate::scan) struct FileTopics {
    /// The file is about webhooks or HTTP, and not about SIP.
    pub is_for_webhooks: bool,
    /// The file is about STUN, TURN or video, and not about SIP.
    pub is_for_turn: bool,
    /// The file is the source of a test, whose addresses are examples.
    pub is_test: bool,
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
                "REMOTE_ADDR",
                "remote_addr",
                "proxy_pass http",
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
        let has = |signs: &Finders| signs.iter().any(|sign| sign.find(text).is_some());
        let is_for_calls = has(&CALLS);
        let is_named = name.to_ascii_lowercase().contains("webhook");
        FileTopics {
            is_for_webhooks: !is_for_calls && !has(&MEDIA) && (is_named || has(&WEB)),
            is_for_turn: !is_for_calls && has(&TURN),
            is_test: has(&TESTS),
        }
    }

    /// Returns the service that the file is about.
    pub(super) fn service(self) -> Service {
        if self.is_for_turn {
            Service::Turn
        } else if self.is_for_webhooks {
            Service::Webhooks
        } else {
            Service::Calls
        }
    }
}
