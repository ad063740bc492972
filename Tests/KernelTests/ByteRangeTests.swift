import Kernel
import Testing

@Suite struct ByteRangeTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let asked: ByteRange
        let size: Int64
        let given: Range<Int64>?
        var testDescription: String { "\(asked) of \(size)" }

        init(_ asked: ByteRange, _ size: Int64, _ given: Range<Int64>?) {
            self.asked = asked
            self.size = size
            self.given = given
        }
    }

    static let cases: [Case] = [
        Case(.from(0), 10, 0..<10), Case(.from(9), 10, 9..<10), Case(.from(10), 10, nil),
        Case(.from(-1), 10, nil), Case(.from(0), 0, nil), Case(.from(.max), 10, nil),
        Case(.from(0), .max, 0..<(.max)), Case(.from(.max), .max, nil), Case(.from(.min), 10, nil),
        Case(.span(0, 0), 10, 0..<1), Case(.span(0, 9), 10, 0..<10), Case(.span(0, 10), 10, 0..<10),
        Case(.span(3, 5), 10, 3..<6), Case(.span(9, 9), 10, 9..<10), Case(.span(10, 10), 10, nil),
        Case(.span(5, 4), 10, nil), Case(.span(-1, 4), 10, nil), Case(.span(0, -1), 10, nil),
        Case(.span(0, .max), 10, 0..<10), Case(.span(0, .max), .max, 0..<(.max)), Case(.span(0, 0), 0, nil),
        Case(.span(.max, .max), .max, nil), Case(.span(.max - 1, .max), .max, (.max - 1)..<(.max)),
        Case(.last(1), 10, 9..<10), Case(.last(10), 10, 0..<10), Case(.last(11), 10, 0..<10),
        Case(.last(.max), 10, 0..<10), Case(.last(.max), .max, 0..<(.max)), Case(.last(0), 10, nil),
        Case(.last(-1), 10, nil), Case(.last(.min), 10, nil), Case(.last(5), 0, nil),
    ]

    @Test(arguments: cases)
    func `a range is clamped to the object, or lies beyond it`(_ one: Case) {
        #expect(one.asked.clamped(to: one.size) == one.given)
    }

    @Test func `what is given is never empty and never beyond the end`() {
        for size in Int64(0)...6 {
            for start in Int64(-2)...8 {
                for end in Int64(-2)...8 {
                    for range in [ByteRange.from(start), .span(start, end), .last(end)] {
                        guard let given = range.clamped(to: size) else { continue }
                        #expect(!given.isEmpty && given.lowerBound >= 0 && given.upperBound <= size)
                    }
                }
            }
        }
    }

    @Test(arguments: [
        (2_500, 1_000, [1_000, 1_000, 500]), (2_000, 1_000, [1_000, 1_000]), (1, 1_000, [1]), (0, 1_000, [0]),
        (1_000, 1_000, [1_000]), (1_001, 1_000, [1_000, 1]),
    ])
    func `the parts of an upload make up its length`(_ bytes: Int, _ partBytes: Int, _ lengths: [Int]) {
        let upload = MultipartUpload(
            key: "k", id: "u", bytes: Int64(bytes), partBytes: Int64(partBytes), contentType: "video/mp4")
        #expect(upload.partCount == lengths.count)
        #expect((1...upload.partCount).map { Int(upload.length(ofPart: $0)) } == lengths)
    }
}
