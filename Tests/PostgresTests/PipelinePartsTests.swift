import Relational
import Testing

@testable import Postgres

@Suite struct PipelinePartsTests {
    private func call() throws -> PipelinedCall {
        PipelinedCall(try PostgresConnection.Command("SELECT 1"), .system, deadline: .now)
    }

    @Test func `the number of a call that is over stands for none that comes later`() throws {
        var table = CallTable()
        let (first, second) = (try call(), try call())
        let one = table.add(first), two = table.add(second)
        #expect(table.count == 2)
        #expect(table[one] === first)
        #expect(table.remove(one) === first)
        #expect(table.remove(one) == nil)
        let third = try call()
        let three = table.add(third)
        #expect(three != one)
        #expect(table[one] == nil)
        #expect(table[three] === third)
        #expect(table.remove(two) === second)
        #expect(table.remove(three) === third)
        #expect(table.isEmpty)
    }

    private func parameters(_ values: [SQLValue]) -> [String?] {
        var buffer = ParameterBuffer()
        buffer.fill([.text("before"), .blob([1, 2, 3])])
        buffer.fill(values)
        return buffer.withPointers { count, pointers, lengths, _ in
            (0..<Int(count)).map { index in
                guard let start = pointers?[index], let length = lengths?[index] else { return nil }
                let bytes = UnsafeRawBufferPointer(start: start, count: Int(length))
                return String(decoding: bytes, as: UTF8.self)
            }
        }
    }

    @Test func `parameters are written as the server reads them, over those of the statement before`() {
        let integers: [Int64] = [0, 7, -7, 10, 1_234_567, .max, .min]
        #expect(parameters(integers.map { .integer($0) }) == integers.map { "\($0)" })
        #expect(parameters([.null, .text(""), .real(0.5), .blob([]), .null]) == [nil, "", "0.5", "", nil])
        #expect(parameters([]) == [])
    }
}
