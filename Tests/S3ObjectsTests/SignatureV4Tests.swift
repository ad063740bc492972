import Kernel
import Testing

@testable import S3Objects

/// AWS's published examples, as literal values.
@Suite struct SignatureV4Tests {
    /// Of the examples in "Authenticating Requests (AWS Signature Version 4)" of the S3 API reference.
    private static let example = SignatureV4(
        credentials: S3Credentials(
            accessKey: "AKIAIOSFODNN7EXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        region: "us-east-1")
    /// 2013-05-24T00:00:00Z
    private static let day = Timestamp(milliseconds: 1_369_353_600_000)
    private static let host = ("Host", "examplebucket.s3.amazonaws.com")

    private func signature(
        _ method: String, _ path: String, query: [(String, String)] = [], headers: [(String, String)] = [],
        payload: String = SignatureV4.emptyPayload
    ) -> String? {
        let request = SignatureV4.Request(
            method: method, path: path, query: query, headers: headers + [Self.host], payload: payload)
        let signed = Self.example.headers(signing: request, at: Self.day)
        return signed.first { $0.0 == "Authorization" }?.1.split(separator: "Signature=").last.map(
            String.init)
    }

    @Test func `reading a range`() {
        #expect(
            signature("GET", "/test.txt", headers: [("Range", "bytes=0-9")])
                == "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")
    }

    @Test func `writing an object whose key has a special character`() {
        let headers = [
            ("Date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
        ]
        let path = "/" + SignatureV4.encoded("test$file.text", keepingSlashes: true)
        #expect(path == "/test%24file.text")
        #expect(
            signature(
                "PUT", path, headers: headers,
                payload: "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072")
                == "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd")
    }

    @Test func `a query of one name without value`() {
        #expect(
            signature("GET", "/", query: [("lifecycle", "")])
                == "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543")
    }

    @Test func `a list`() {
        #expect(
            signature("GET", "/", query: [("prefix", "J"), ("max-keys", "2")])
                == "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7")
    }

    @Test func `the header names key, scope and what is signed`() {
        let request = SignatureV4.Request(
            method: "GET", path: "/test.txt", headers: [("Range", "bytes=0-9"), Self.host],
            payload: SignatureV4.emptyPayload)
        let headers = Self.example.headers(signing: request, at: Self.day)
        #expect(headers.map(\.0) == ["x-amz-date", "x-amz-content-sha256", "Authorization"])
        #expect(headers[0].1 == "20130524T000000Z")
        #expect(headers[1].1 == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(
            headers[2].1.hasPrefix(
                "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
                    + "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,Signature="))
    }

    @Test func `a URL for a day, with an unsigned payload`() {
        let request = SignatureV4.Request(
            method: "GET", path: "/test.txt", headers: [Self.host], payload: SignatureV4.unsignedPayload)
        #expect(
            Self.example.query(presigning: request, at: Self.day, lifetime: .seconds(86_400))
                == "X-Amz-Algorithm=AWS4-HMAC-SHA256"
                + "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
                + "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
                + "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404")
    }
}

/// Cases of AWS's test suite for Signature Version 4, whose service is called `service`.
@Suite struct SignatureSuiteTests {
    private static let key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
    /// 2015-08-30T12:36:00Z
    private static let time = Timestamp(milliseconds: 1_440_938_160_000)

    private func signature(
        _ method: String, path: String = "/", query: [(String, String)] = [],
        headers: [(String, String)] = []
    ) -> String? {
        var signer = SignatureV4(
            credentials: S3Credentials(accessKey: "AKIDEXAMPLE", secretKey: Self.key), region: "us-east-1")
        signer.service = "service"
        let fixed = [("Host", "example.amazonaws.com")] + headers + [("X-Amz-Date", "20150830T123600Z")]
        let request = SignatureV4.Request(
            method: method, path: path, query: query, headers: fixed, payload: SignatureV4.emptyPayload)
        return signer.authorization(of: request, at: Self.time).split(separator: "Signature=").last.map(
            String.init)
    }

    @Test func `get-vanilla and post-vanilla`() {
        #expect(signature("GET") == "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31")
        #expect(signature("POST") == "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b")
    }

    @Test func `get-vanilla-query-order-key-case: names in their order`() {
        #expect(
            signature("GET", query: [("Param2", "value2"), ("Param1", "value1")])
                == "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500")
    }

    @Test func `get-unreserved and get-utf8: what is encoded in a path`() {
        let unreserved = "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
        #expect(SignatureV4.encoded(unreserved, keepingSlashes: true) == unreserved)
        #expect(
            signature("GET", path: unreserved)
                == "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f")
        #expect(SignatureV4.encoded("/ሴ", keepingSlashes: true) == "/%E1%88%B4")
        #expect(
            signature("GET", path: "/%E1%88%B4")
                == "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85")
    }

    @Test func `get-header-value-trim and get-header-key-duplicate: how headers are joined`() {
        #expect(
            signature("GET", headers: [("My-Header1", " value1"), ("My-Header2", " \"a   b   c\"")])
                == "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736")
        #expect(
            signature(
                "GET",
                headers: [("My-Header1", "value2"), ("My-Header1", "value2"), ("My-Header1", "value1")])
                == "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea")
    }

    @Test func `post-sts-header-before: a session token is signed`() {
        let token =
            "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="
        #expect(
            signature("POST", headers: [("X-Amz-Security-Token", token)])
                == "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead")
    }
}
