import Testing

@testable import Profiles

@Suite struct UnitTests {
    @Test(
        "a duration is a whole number and a unit",
        arguments: [
            ("250ms", Duration.milliseconds(250)), ("15s", .seconds(15)), ("2m", .seconds(120)),
            ("24h", .seconds(86_400)), ("30d", .seconds(30 * 86_400)), ("0s", .zero),
        ])
    func durations(text: String, expected: Duration) throws {
        #expect(try read(text, .duration(in: .zero ... .days(365))) == expected)
    }

    @Test(
        "a size is a whole number and a unit, binary or decimal",
        arguments: [
            ("512B", 512), ("1kB", 1000), ("256KiB", 262_144), ("8MB", 8_000_000), ("8MiB", 8_388_608),
            ("20GB", 20_000_000_000), ("20GiB", 21_474_836_480), ("1TB", 1_000_000_000_000),
            ("1TiB", 1 << 40),
        ] as [(String, Int64)])
    func sizes(text: String, expected: Int64) throws {
        #expect(try read(text, .bytes(in: ByteCount(0) ... .tebibytes(2))) == ByteCount(expected))
    }

    @Test(
        "a duration that is not one is refused in words",
        arguments: [
            ("30", #"has no unit; write 30 and one of: ms, s, m, h, d"#),
            ("0", #"has no unit; write 0 and one of: ms, s, m, h, d"#),
            ("-5s", #"must be a whole number and a unit, such as 15s (ms, s, m, h, d); is "-5s""#),
            ("1.5h", #"must be a whole number and a unit, such as 15s (ms, s, m, h, d); is "1.5h""#),
            ("5 s", #"must be a whole number and a unit, such as 15s (ms, s, m, h, d); is "5 s""#),
            ("s", #"must be a whole number and a unit, such as 15s (ms, s, m, h, d); is "s""#),
            ("[5s]", "must be a duration such as 15s, is a list"),
            ("~", "must be a duration such as 15s, is empty"),
            ("9223372036854775807d", "is too large"), ("99999999999999999999s", "is too large"),
            ("2h", "must be from 0ms to 1h, is 2h"),
            ("30seconds", #"unknown unit "seconds" (known: ms, s, m, h, d)"#),
        ])
    func badDurations(text: String, expected: String) throws {
        let error = #expect(throws: BadValue.self) { try read(text, .duration(in: .zero ... .hours(1))) }
        #expect(error?.message == expected)
    }

    @Test(
        "an unknown unit is answered with the value that was probably meant",
        arguments: [
            ("30seconds", "30s"), ("5Min", "5m"), ("2days", "2d"), ("7S", "7s"), ("3weeks", nil),
        ] as [(String, String?)])
    func nearestDuration(text: String, expected: String?) throws {
        let error = #expect(throws: BadValue.self) { try read(text, .duration(in: .zero ... .days(9))) }
        #expect(error?.nearest == expected)
    }

    @Test("units are written as the largest that keeps the number whole")
    func writing() {
        #expect(Duration.seconds(90).inUnits == "90s")
        #expect(Duration.seconds(120).inUnits == "2m")
        #expect(Duration.seconds(7 * 86_400).inUnits == "7d")
        #expect(Duration.zero.inUnits == "0ms")
        #expect(ByteCount(1000).description == "1000B")
        #expect(ByteCount.mebibytes(1536).description == "1536MiB")
        #expect(ByteCount.gibibytes(2048).description == "2TiB")
    }

    @Test(
        "numbers are decimal, whole and within their range",
        arguments: ["0x10", "1e3", "10_000", "007", "1.0", "''", "- 1", "99999999999999999999", "11", "-0"])
    func badIntegers(text: String) {
        #expect(throws: BadValue.self) { try read(text, .integer(in: 1...10)) }
    }

    @Test(
        "an address without a path is an origin",
        arguments: [
            ("https://videos.example.com", true), ("http://[::1]:8080", true), ("http://api:80", true),
            ("https://videos.example.com/", false), ("https://u:p@example.com", false),
            ("videos.example.com", false),
            ("https://", false), ("https://a:0", false), ("https://a:99999", false), ("https://a?b", false),
        ])
    func origins(text: String, isValid: Bool) { #expect(PublicOrigin.isValid(text) == isValid) }

    @Test(
        "plain http is for addresses that the open network does not reach",
        arguments: [
            ("http://localhost:8080", false), ("http://127.0.0.1", false), ("http://192.168.1.7:8080", false),
            ("http://172.20.0.1", false), ("http://api:8080", false), ("http://[::1]:80", false),
            ("https://example.com", false), ("http://example.com", true), ("http://172.32.0.1", true),
            ("http://127.0.0.1.example.com", true), ("http://10.example.com", true),
        ])
    func plainHTTP(origin: String, isRefused: Bool) { #expect(PublicOrigin.needsTLS(origin) == isRefused) }

    private func read<Value>(_ text: String, _ form: ValueForm<Value>) throws -> Value {
        try form.parse(#require(YAMLDocument(text, file: "unit").root))
    }
}
