import Kernel
import Testing

@Suite struct UUIDv7Tests {
    @Test func `each is greater than those before it, whatever the clock says`() {
        var last = UUIDv7()
        for step in 0..<10_000 {
            // A clock that goes backwards now and then.
            let next = UUIDv7(at: Timestamp.now() - .milliseconds(step % 7 * 100))
            #expect(last.high < next.high)
            last = next
        }
    }

    @Test func `many threads never make the same one`() async {
        let made = await withTaskGroup(of: [UUIDv7].self) { group in
            for _ in 0..<8 {
                group.addTask { @concurrent in (0..<5_000).map { _ in UUIDv7() } }
            }
            return await group.reduce(into: [[UUIDv7]]()) { $0.append($1) }
        }
        #expect(Set(made.joined()).count == 40_000)
        // The time and the counter alone tell them apart, so each thread's are in order too.
        #expect(Set(made.joined().map(\.high)).count == 40_000)
        for run in made { #expect(zip(run, run.dropFirst()).allSatisfy { $0.high < $1.high }) }
    }

    @Test func `the order of texts and of bytes is the order of making`() {
        let made = (0..<2_000).map { _ in UUIDv7() }
        #expect(made.map(\.description) == made.map(\.description).sorted())
        #expect(zip(made, made.dropFirst()).allSatisfy { $0.bytes.lexicographicallyPrecedes($1.bytes) })
    }

    @Test func `version and variant are those of RFC 9562`() {
        for _ in 0..<1_000 {
            let text = Array(UUIDv7().description)
            #expect(text[14] == "7")
            #expect("89ab".contains(text[19]))
        }
    }

    @Test func `it tells when it was made`() {
        let before = Timestamp.now()
        let made = UUIDv7()
        // Others of this process may have run ahead of the clock by using up milliseconds.
        #expect(made.timestamp >= before)
        #expect(made.timestamp < before + .seconds(60))
    }

    @Test func `text and bytes lead back to the same`() throws {
        for _ in 0..<1_000 {
            let value = UUIDv7(
                high: .random(in: .min ... .max), low: .random(in: .min ... .max))
            #expect(UUIDv7(value.description) == value)
            #expect(UUIDv7(value.description.uppercased()) == value)
            #expect(UUIDv7(bytes: value.bytes) == value)
            #expect(value.bytes.count == 16)
        }
    }

    @Test func `a known value has the known text and bytes`() {
        let value = UUIDv7(high: 0x0123_4567_89ab_7cde, low: 0x8f01_2345_6789_abcd)
        #expect(value.description == "01234567-89ab-7cde-8f01-23456789abcd")
        #expect(
            value.bytes == [
                0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0x7c, 0xde, 0x8f, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab,
                0xcd,
            ])
    }

    @Test(arguments: [
        "", "0", "01234567-89ab-7cde-8f01-23456789abc", "01234567-89ab-7cde-8f01-23456789abcde",
        "0123456789ab7cde8f0123456789abcd", "01234567-89ab-7cde-8f01-23456789abcg",
        "{1234567-89ab-7cde-8f01-23456789abc}", "01234567-89ab-7cde-8f0123456789-abcd",
        "012345678-9ab-7cde-8f01-23456789abcd", " 1234567-89ab-7cde-8f01-23456789abcd",
        "01234567_89ab_7cde_8f01_23456789abcd", "+1234567-89ab-7cde-8f01-23456789abcd",
        "0123456é-89ab-7cde-8f01-23456789abc", "\u{0}1234567-89ab-7cde-8f01-23456789abcd",
    ])
    func `what is malformed is refused`(_ text: String) {
        #expect(UUIDv7(text) == nil)
        #expect(TenantID(text) == nil)
    }

    @Test(arguments: [0, 1, 15, 17, 32])
    func `other numbers of bytes are refused`(_ count: Int) {
        #expect(UUIDv7(bytes: [UInt8](repeating: 1, count: count)) == nil)
    }

    @Test func `an identifier is stored as its text and read back`() throws {
        let id = TenantID()
        #expect(try JSON.encode([id]) == Array("[\"\(id)\"]".utf8))
        #expect(try JSON.decode([TenantID].self, JSON.encode([id])) == [id])
        #expect(throws: DecodingError.self) { try JSON.decode([UserID].self, Array(#"["nobody"]"#.utf8)) }
        #expect(throws: DecodingError.self) { try JSON.decode([UserID].self, Array("[7]".utf8)) }
    }
}
