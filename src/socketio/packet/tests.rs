//! Golden packets, both directions.

use super::*;

#[track_caller]
fn check(text: &str, kind: Kind, namespace: &str, id: Option<u64>, event: &str, data: &str) {
    let packet = Packet::decode(text).unwrap();
    let attachments = packet.attachments;
    let expected = Packet {
        kind,
        attachments,
        namespace,
        id,
        event: event.to_owned(),
        data,
    };
    assert_eq!(packet, expected);
}

#[track_caller]
fn refused(text: &str) {
    assert!(Packet::decode(text).is_err(), "{text}");
}

#[test]
fn packets_are_read() {
    check("0", Kind::Connect, "/", None, "", "");
    check(
        "0{\"token\":1}",
        Kind::Connect,
        "/",
        None,
        "",
        "{\"token\":1}",
    );
    check("0/admin,{}", Kind::Connect, "/admin", None, "", "{}");
    check("0/admin", Kind::Connect, "/admin", None, "", "");
    check("0/admin?a=b,", Kind::Connect, "/admin", None, "", "");
    check("1/admin,", Kind::Disconnect, "/admin", None, "", "");
    check("2[\"hello\",1]", Kind::Event, "/", None, "hello", "1");
    check(
        "2/admin,456[ \"a\" , {\"b\":[ ]} , 2 ] ",
        Kind::Event,
        "/admin",
        Some(456),
        "a",
        "{\"b\":[ ]} , 2",
    );
    check("2[\"a\"]", Kind::Event, "/", None, "a", "");
    check("2[7,\"]\"]", Kind::Event, "/", None, "7", "\"]\"");
    check("312[]", Kind::Ack, "/", Some(12), "", "");
    check(
        "3/admin,456[\"x\"]",
        Kind::Ack,
        "/admin",
        Some(456),
        "",
        "\"x\"",
    );
    let placeholder = "{\"_placeholder\":true,\"num\":0}";
    check(
        &format!("51-[\"a\",{placeholder}]"),
        Kind::BinaryEvent,
        "/",
        None,
        "a",
        placeholder,
    );
    check(
        &format!("61-/x,3[{placeholder}]"),
        Kind::BinaryAck,
        "/x",
        Some(3),
        "",
        placeholder,
    );
}

#[test]
fn what_is_no_packet_is_refused() {
    for text in [
        "",
        "7",
        "x",
        "2",
        "2[]",
        "2{}",
        "2[null]",
        "2[\"a\"",
        "2[\"connect\"]",
        "2[\"a\"]x",
        "4{}",
    ] {
        refused(text);
    }
    for text in [
        "0[]",
        "0\"a\"",
        "0{",
        "1x",
        "3[]",
        "31{}",
        "5[\"a\"]",
        "511-[\"a\"]",
        "5-[\"a\"]",
        "5x-[\"a\"]",
    ] {
        refused(text);
    }
    refused("299999999999999999999[\"a\"]");
    refused("0/a\x1eb,");
    refused(&format!(
        "2[\"a\",{}{}]",
        "[".repeat(100_000),
        "]".repeat(100_000)
    ));
}

#[test]
fn placeholders_are_for_the_attachments_that_came() {
    let check = |data: &str, attachments| check_placeholders(data, attachments).is_ok();
    assert!(check("{\"_placeholder\":true,\"num\":0}", 1));
    assert!(check("1,{\"a\":[{\"_placeholder\":true,\"num\":1}]}", 2));
    assert!(!check("{\"_placeholder\":true,\"num\":1}", 1));
    assert!(!check("{\"_placeholder\":true,\"num\":-1}", 1));
    assert!(!check("{\"_placeholder\":true,\"num\":\"0\"}", 1));
    assert!(!check("{\"_placeholder\":true}", 1));
    assert!(!check("{\"_placeholder\":true,\"num\":0,\"x\":1}", 1));
}

#[test]
fn packets_are_written_as_messages() {
    assert_eq!(
        encode(Kind::Connect, 0, "/", None, "{\"sid\":\"x\"}"),
        "40{\"sid\":\"x\"}"
    );
    assert_eq!(encode(Kind::Disconnect, 0, "/admin", None, ""), "41/admin,");
    assert_eq!(
        encode(Kind::Event, 0, "/admin", Some(7), "[\"a\"]"),
        "42/admin,7[\"a\"]"
    );
    assert_eq!(encode(Kind::BinaryAck, 1, "/", Some(3), "[]"), "461-3[]");
}
