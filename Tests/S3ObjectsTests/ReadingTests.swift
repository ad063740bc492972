import Kernel
import NIOCore
import NIOHTTP1
import Testing

@testable import S3Objects

/// What is read out of answers.
@Suite struct ReadingTests {
    @Test func `a document's elements, texts and references`() throws {
        let document = try XMLElement(
            reading: ByteBuffer(
                string: """
                    <?xml version="1.0" encoding="UTF-8"?>
                    <!-- made by hand -->
                    <s3:List xmlns:s3="http://x/" note='a > b'>
                      <Key>a&amp;b&lt;&#x41;&#66;&quot;</Key><Key><![CDATA[<raw>&amp;]]></Key>
                      <Empty/><Empty a="1"/><Inner><Key>deep</Key></Inner>
                    </s3:List>
                    """))
        #expect(document.name == "List")
        #expect(document.all("Key").map(\.text) == ["a&b<AB\"", "<raw>&amp;"])
        #expect(document.all("Empty").map(\.text) == ["", ""])
        #expect(document.all("Inner").first?.text(of: "Key") == "deep")
        #expect(document.text(of: "None") == nil)
    }

    @Test(arguments: [
        "", "   ", "text", "<a>", "<a></b>", "<a", "<a b=\"", "<a>&nope;</a>", "<a>&", "<a></a><b/>",
        "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>", "<a><![CDATA[</a>", "<a><!--</a>", "<?xml", "<>",
        "</a>",
        "<a>&#xD800;</a>", String(repeating: "<a>", count: 17) + String(repeating: "</a>", count: 17),
    ])
    func `what is no document is refused`(_ text: String) {
        #expect(throws: XMLElement.Malformed.self) { try XMLElement(reading: ByteBuffer(string: text)) }
    }

    @Test func `bytes that are garbage never do harm`() {
        var generator = SystemRandomNumberGenerator()
        let alphabet = Array("<>/&;![]-?x#ab\"' =".utf8)
        for _ in 0..<2000 {
            let bytes = (0..<Int.random(in: 0...40)).map { _ in alphabet.randomElement(using: &generator) ?? 0
            }
            // Whether it is a document by chance does not matter.
            _ = try? XMLElement(reading: ByteBuffer(bytes: bytes))
        }
    }

    @Test func `errors become failures that say what to do`() {
        func failure(_ status: Int, _ code: String?) -> Failure {
            let body = code.map { "<Error><Code>\($0)</Code><Message>m</Message></Error>" } ?? ""
            return S3Error(status: status, body: ByteBuffer(string: body)).failure
        }
        #expect(failure(503, "SlowDown").kind == .overloaded)
        #expect(failure(503, "SlowDown").retryAfter != nil)
        #expect(failure(429, nil).kind == .overloaded)
        #expect(failure(503, nil).kind == .unavailable)
        #expect(failure(500, "InternalError").isTransient)
        #expect(failure(502, nil).isTransient)
        #expect(failure(400, "RequestTimeout").isTransient)
        #expect(failure(507, nil).code == "disk_full")
        #expect(failure(404, "NoSuchKey").kind == .notFound)
        #expect(failure(416, "InvalidRange").code == "invalid_range")
        for code in ["AccessDenied", "SignatureDoesNotMatch", "InvalidAccessKeyId"] {
            #expect(failure(403, code).kind == .internal)
            #expect("\(failure(403, code))".contains("check credentials"))
        }
        #expect("\(failure(403, "RequestTimeTooSkewed"))".contains("clock"))
        #expect("\(failure(301, "PermanentRedirect"))".contains("endpoint and region"))
        #expect("\(failure(403, nil))".contains("check credentials"))
        #expect(S3Error(status: 200, body: ByteBuffer(string: "<html>no</html>")).code == "Status200")
    }

    @Test func `an object's headers`() throws {
        let headers: HTTPHeaders = [
            "ETag": "\"abc-2\"", "Content-Length": "10", "Content-Type": "video/mp4",
            "Last-Modified": "Fri, 02 Jan 2026 03:04:05 GMT", "x-amz-meta-upload": "u",
            "x-amz-meta-part-bytes": "5", "Content-Range": "bytes 5-14/100",
        ]
        let read = try ObjectHeaders(headers)
        #expect(read.stat.bytes == 100)
        #expect(read.stat.etag == "abc-2")
        #expect(read.stat.modified.description == "2026-01-02T03:04:05.000Z")
        #expect(read.served == 5..<15)
        #expect(read.upload == "u")
        #expect(read.partBytes == 5)
        #expect(read.hasHashETag)
    }

    @Test(arguments: [
        [("ETag", "a")], [("Content-Length", "5")], [("ETag", "a"), ("Content-Length", "-1")],
        [("ETag", "a"), ("Content-Length", "5"), ("Content-Range", "bytes 0-9/10")],
        [("ETag", "a"), ("Content-Length", "5"), ("Content-Range", "bytes 9-5/10")],
        [("ETag", "a"), ("Content-Length", "5"), ("Content-Range", "bytes */10")],
    ])
    func `headers that are not those of an object are refused`(_ headers: [(String, String)]) {
        #expect(throws: Failure.self) { try ObjectHeaders(HTTPHeaders(headers)) }
    }

    @Test(arguments: [
        ("Thu, 01 Jan 1970 00:00:00 GMT", "1970-01-01T00:00:00.000Z"),
        ("Thu, 29 Feb 2024 23:59:59 GMT", "2024-02-29T23:59:59.000Z"),
        ("Fri, 01 Mar 2024 00:00:00 GMT", "2024-03-01T00:00:00.000Z"),
        ("Sun, 31 Dec 2000 12:30:01 GMT", "2000-12-31T12:30:01.000Z"),
    ])
    func `dates of HTTP`(_ text: String, _ expected: String) {
        #expect(Timestamp(http: text)?.description == expected)
    }

    @Test func `what is no date is none`() {
        for text in ["", "yesterday", "Thu, 01 Foo 1970 00:00:00 GMT", "Thu, 01 Jan 1970 00:00:00 CET"] {
            #expect(Timestamp(http: text) == nil)
        }
    }

    @Test func `the ETag of parts is that of their hashes`() {
        let bytes = ByteBuffer(bytes: Array("abcdefgh".utf8))
        var whole = PartedDigest(partBytes: nil)
        whole.update(bytes)
        #expect(whole.etag() == "e8dc4081b13434b45189a720b77b6818")
        // MD5 of the MD5s of "abc", "def" and "gh", each as 16 bytes.
        var parted = PartedDigest(partBytes: 3)
        parted.update(bytes.getSlice(at: 0, length: 2) ?? ByteBuffer())
        parted.update(bytes.getSlice(at: 2, length: 6) ?? ByteBuffer())
        var outer = PartedDigest.Outer()
        for etag in [
            "900150983cd24fb0d6963f7d28e17f72", "4ed9407630eb1000c0f6b63842defa7d",
            "19b19ffc30caef1c9376cd2982992a59",
        ] {
            let isHash = outer.add(etag)
            #expect(isHash)
        }
        #expect(parted.etag() == outer.etag)
        #expect(parted.etag().hasSuffix("-3"))
        for text in ["not a hash", String(repeating: "é", count: 16), String(repeating: "g", count: 32)] {
            let isHash = outer.add(text)
            #expect(!isHash)
        }
    }
}

/// Where requests go.
@Suite struct EndpointTests {
    @Test func `a bucket in the path, or in the host`() throws {
        let path = try S3Endpoint("http://127.0.0.1:9000/", bucket: "bucket", pathStyle: true)
        #expect(path.origin == "http://127.0.0.1:9000")
        #expect(path.authority == "127.0.0.1:9000")
        #expect(path.path(of: nil) == "/bucket")
        #expect(path.path(of: "a/b c") == "/bucket/a/b%20c")
        #expect(!path.isSecure)
        let host = try S3Endpoint("https://s3.example.com:443", bucket: "bucket", pathStyle: false)
        #expect(host.origin == "https://bucket.s3.example.com")
        #expect(host.authority == "bucket.s3.example.com")
        #expect(host.path(of: nil) == "/")
        #expect(host.path(of: "a/b") == "/a/b")
        #expect(host.isSecure)
    }

    @Test(arguments: ["", "s3.example.com", "ftp://a", "http://", "http://a/b", "http://u:p@a", "http://a?b"])
    func `what is no endpoint is refused`(_ text: String) {
        #expect(throws: Failure.self) { try S3Endpoint(text, bucket: "bucket", pathStyle: true) }
    }

    @Test func `what is no bucket is refused`() {
        for bucket in ["", "ab", "a/b", String(repeating: "a", count: 64)] {
            #expect(throws: Failure.self) { try S3Endpoint("http://a", bucket: bucket, pathStyle: true) }
        }
    }
}
