//! Codes, documents and success actions, by the specifications' own examples where they have some.

use super::*;
use till::id::Preimage;

const CIPHERTEXT: &str = "Y8k/ZFzKEsVayV3CcsAUbeqaNDm4C8M16Z5hOtuVzgo=";

#[test]
fn a_code_stands_for_an_address() {
    // The example of LUD-01.
    let lnurl = "LNURL1DP68GURN8GHJ7UM9WFMXJCM99E3K7MF0V9CXJ0M385EKVCENXC6R2C35XVUKXEFCV5MKVV34X5EKZD3EV56NYD3HXQURZEPEXEJXXEPNXSCRVWFNV9NXZCN9XQ6XYEFHVGCXXCMYXYMNSERXFQ5FNS";
    let url = "https://service.com/api?q=3fc3645b439ce8e7f2553a69e5267081d96dcd340693afabe04be7b0ccd178df";
    let table = [
        (lnurl.to_owned(), url),
        (lnurl.to_lowercase(), url),
        (format!("lightning:{lnurl}"), url),
        (format!("https://shop.example/page?lightning={lnurl}"), url),
        (
            "Bob@pay.example".into(),
            "https://pay.example/.well-known/lnurlp/bob",
        ),
        (
            "bob+tip@127.0.0.1:81".into(),
            "http://127.0.0.1:81/.well-known/lnurlp/bob+tip",
        ),
        (
            "lnurlp://pay.example/p?x=1".into(),
            "https://pay.example/p?x=1",
        ),
        ("lnurlw://127.0.0.1:8/w".into(), "http://127.0.0.1:8/w"),
        ("https://pay.example/p".into(), "https://pay.example/p"),
    ];
    for (code, expected) in table {
        assert_eq!(url_of(&code).as_deref(), Ok(expected), "{code}");
    }
    let bad = [
        "bad",
        "",
        "@",
        "a@",
        "@b",
        "a@b/c",
        "a b@c",
        "ftp://x.example/",
        "lnurlp://",
        "lnbc1x",
        &lnurl[..80],
        "lnurl1",
        "https://shop.example/?lightning=nothing",
        "file:///etc/passwd",
    ];
    for code in bad {
        assert_eq!(url_of(code), Err(LnurlError::NotAnAddress), "{code}");
    }
}

#[test]
fn a_document_is_believed_field_by_field() {
    let good = r#"{"tag":"payRequest","callback":"https://x.example/cb","minSendable":1000,
        "maxSendable":2000,"metadata":"[[\"text/plain\",\"tea\"]]","commentAllowed":9}"#;
    let Ok(Document::Pay(request)) = Document::read(good.as_bytes()) else {
        panic!("a request to pay")
    };
    assert_eq!(request.description().as_deref(), Some("tea"));
    assert_eq!((request.min.get(), request.max.get()), (1_000, 2_000));
    assert_eq!(request.comment_allowed, 9);
    for field in ["callback", "minSendable", "maxSendable", "metadata", "tag"] {
        let renamed = good.replace(&format!("\"{field}\""), "\"x\"");
        let read = Document::read(renamed.as_bytes());
        assert!(
            matches!(read, Err(LnurlError::Wrong(_))),
            "{field}: {read:?}"
        );
    }
    let above = good.replace("1000", "3000");
    assert!(Document::read(above.as_bytes()).is_err());
    let refused = Document::read(br#"{"status":"ERROR","reason":"closed\u0007 today"}"#);
    assert_eq!(refused, Err(LnurlError::Refused("closed today".into())));
    assert!(Document::read(b"<html>").is_err());
}

#[test]
fn a_success_action_opens_with_the_preimage_and_leads_nowhere_else() {
    let read = |json: serde_json::Value| {
        SuccessAction::read(json.as_object().unwrap(), "https://x.example/cb")
    };
    let there = serde_json::json!({"tag": "url", "description": "d", "url": "https://y.example/"});
    assert_eq!(read(there), None);
    let here = serde_json::json!({"tag": "url", "description": "d", "url": "https://x.example/o"});
    assert_eq!(read(here.clone()).unwrap().to_json(), here);
    let long = serde_json::json!({"tag": "message", "message": "x".repeat(145)});
    assert_eq!(read(long), None);
    // `openssl enc -aes-256-cbc -K 2a2a.. -iv 0707.. -base64` of "the code is 1234".
    let aes = serde_json::json!({
        "tag": "aes", "description": "code", "iv": "BwcHBwcHBwcHBwcHBwcHBw==",
        "ciphertext": CIPHERTEXT,
    });
    let action = read(aes).unwrap();
    let opened = action.opened(&Preimage::from_bytes([42; 32]));
    assert_eq!(opened.as_deref(), Some("the code is 1234"));
    assert_eq!(action.opened(&Preimage::from_bytes([43; 32])), None);
}
