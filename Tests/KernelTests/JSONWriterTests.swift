import Foundation
import Kernel
import Testing

@Suite struct JSONWriterTests {
    @Test func `an object of all kinds of values reads so`() {
        var json = JSONWriter()
        let tenant = TenantID()
        json.object { json in
            json.field("text", "a\"b\\c\nd")
            json.field("whole", -7)
            json.field("real", 0.5)
            json.field("yes", true)
            json.field("no", false)
            json.field("when", Timestamp(milliseconds: 0))
            json.field("tenant", tenant)
            json.null("nothing")
            json.object("inner") { $0.field("a", 1) }
            json.object("empty") { _ in }
            json.array("numbers", [1, 2, 3]) { $0.value($1) }
            json.array("none", [Int]()) { $0.value($1) }
            json.array("texts", ["x", "y"]) { $0.value($1) }
            json.array("objects", [1, 2]) { json, number in json.object { $0.field("n", number) } }
            json.field("raw", json: Array("[{}]".utf8))
            json.field("last", 1)
        }
        #expect(
            json.text == """
                {"text":"a\\"b\\\\c\\nd","whole":-7,"real":0.5,"yes":true,"no":false,\
                "when":"1970-01-01T00:00:00.000Z","tenant":"\(tenant)","nothing":null,"inner":{"a":1},\
                "empty":{},"numbers":[1,2,3],"none":[],"texts":["x","y"],"objects":[{"n":1},{"n":2}],\
                "raw":[{}],"last":1}
                """)
    }

    @Test func `every control character is escaped`() throws {
        for code in UInt8(0)..<32 {
            var json = JSONWriter()
            json.value(String(UnicodeScalar(code)))
            #expect(json.text.utf8.allSatisfy { $0 >= 32 })
            #expect(json.text.count == (code == 10 ? 4 : 8))
            #expect(try parsed(json) as? String == String(UnicodeScalar(code)))
        }
    }

    @Test(arguments: ["\u{7F}", "é", "👩‍👩‍👧‍👦", "\u{2028}\u{2029}", "</script>", "\r\n", "\t", "\"\\\""])
    func `a text is read back as it was`(_ text: String) throws {
        var json = JSONWriter()
        json.object { $0.field(text, text) }
        #expect(try parsed(json) as? [String: String] == [text: text])
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity])
    func `what JSON has no number for is null`(_ value: Double) throws {
        var json = JSONWriter()
        json.object { $0.field("x", value) }
        #expect(json.text == #"{"x":null}"#)
    }

    @Test(arguments: [
        Double(0), -0.0, 1e-7, 1e16, 1e300, -1e-300, 0.1, .leastNonzeroMagnitude, .greatestFiniteMagnitude,
    ])
    func `a number is read back to the bit`(_ value: Double) throws {
        var json = JSONWriter()
        json.object { $0.field("x", value) }
        #expect((try parsed(json) as? [String: Any])?["x"] as? Double == value)
    }

    @Test func `whole numbers keep all their digits`() {
        var json = JSONWriter()
        json.array([Int64.min, Int64.max]) { $0.value($1) }
        #expect(json.text == "[-9223372036854775808,9223372036854775807]")
        var unsigned = JSONWriter()
        unsigned.object { $0.field("x", UInt64.max) }
        #expect(unsigned.text == #"{"x":18446744073709551615}"#)
    }

    @Test func `what outgrows the capacity is whole`() throws {
        var json = JSONWriter(capacity: 1)
        json.array(0..<10_000) { $0.value("item \($1)") }
        #expect(try (parsed(json) as? [String])?.count == 10_000)
    }

    @Test func `random values are read back equal by Foundation`() throws {
        for seed in 0..<500 {
            var chance = Chance(seed: UInt64(seed))
            let value = RandomJSON.object(depth: 4, &chance)
            var json = JSONWriter(capacity: 16)
            value.write(to: &json)
            let back = try #require(parsed(json) as? NSDictionary)
            #expect(back == value.foundation as? NSDictionary, "\(json.text)")
        }
    }

    private func parsed(_ json: JSONWriter) throws -> Any {
        try JSONSerialization.jsonObject(with: Data(json.text.utf8), options: .fragmentsAllowed)
    }
}

/// A value that can be written and compared.
private indirect enum RandomJSON {
    case text(String)
    case whole(Int)
    case real(Double)
    case truth(Bool)
    case null
    case array([RandomJSON])
    case dictionary([(String, RandomJSON)])

    static func object(depth: Int, _ chance: inout Chance) -> RandomJSON {
        .dictionary(
            (0..<Int.random(in: 0...5, using: &chance)).map { index in
                ("\(index)\(text(&chance))", value(depth: depth - 1, &chance))
            })
    }

    private static func value(depth: Int, _ chance: inout Chance) -> RandomJSON {
        switch Int.random(in: 0...(depth > 0 ? 6 : 4), using: &chance) {
        case 0: .text(text(&chance))
        case 1: .whole(Int.random(in: -1_000_000...1_000_000, using: &chance))
        // Quarters: Foundation's numbers of many digits are equal only to themselves.
        case 2: .real(Double(Int.random(in: -1_000_000...1_000_000, using: &chance)) / 4)
        case 3: .truth(Bool.random(using: &chance))
        case 4: .null
        // Objects only: the writer's arrays nest by the field that holds them.
        case 5: .array((0..<3).map { _ in object(depth: depth - 1, &chance) })
        default: object(depth: depth, &chance)
        }
    }

    private static func text(_ chance: inout Chance) -> String {
        let scalars = (0..<Int.random(in: 0...8, using: &chance)).compactMap { _ -> UnicodeScalar? in
            let last: UInt32 = Bool.random(using: &chance) ? 0x7F : 0x1_FFFF
            let scalar = UnicodeScalar(UInt32.random(in: 0...last, using: &chance))
            // Foundation takes a byte order mark away.
            return scalar == "\u{FEFF}" ? nil : scalar
        }
        return String(String.UnicodeScalarView(scalars))
    }

    func write(to json: inout JSONWriter) {
        guard case .dictionary(let fields) = self else { return }
        json.object { json in
            for (name, value) in fields { value.write(to: &json, as: name) }
        }
    }

    private func write(to json: inout JSONWriter, as name: String) {
        switch self {
        case .text(let text): json.field(name, text)
        case .whole(let number): json.field(name, number)
        case .real(let number): json.field(name, number)
        case .truth(let truth): json.field(name, truth)
        case .null: json.null(name)
        case .array(let items): json.array(name, items) { $1.write(to: &$0) }
        case .dictionary:
            json.object(name) { json in
                if case .dictionary(let fields) = self {
                    for (name, value) in fields { value.write(to: &json, as: name) }
                }
            }
        }
    }

    var foundation: Any {
        switch self {
        case .text(let text): text
        case .whole(let number): NSNumber(value: number)
        case .real(let number): NSNumber(value: number)
        case .truth(let truth): NSNumber(value: truth)
        case .null: NSNull()
        case .array(let items): NSArray(array: items.map(\.foundation))
        case .dictionary(let fields):
            NSDictionary(
                dictionary: Dictionary(
                    fields.map { ($0, $1.foundation) }, uniquingKeysWith: { _, new in new }))
        }
    }
}

/// Numbers that look random and are the same for the same seed (SplitMix64).
struct Chance: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
