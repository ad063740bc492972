import Foundation
import Kernel
import Testing

@Suite struct TimestampTests {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000Z"), (1, "1970-01-01T00:00:00.001Z"),
        (999, "1970-01-01T00:00:00.999Z"), (86_399_999, "1970-01-01T23:59:59.999Z"),
        (-1, "1969-12-31T23:59:59.999Z"), (-86_400_000, "1969-12-31T00:00:00.000Z"),
        (-86_400_001, "1969-12-30T23:59:59.999Z"), (951_782_400_000, "2000-02-29T00:00:00.000Z"),
        (951_868_799_999, "2000-02-29T23:59:59.999Z"), (951_868_800_000, "2000-03-01T00:00:00.000Z"),
        (1_709_164_800_123, "2024-02-29T00:00:00.123Z"), (4_107_456_000_000, "2100-02-28T00:00:00.000Z"),
        (4_107_542_400_000, "2100-03-01T00:00:00.000Z"), (-2_203_891_200_001, "1900-02-28T23:59:59.999Z"),
        (-2_203_891_200_000, "1900-03-01T00:00:00.000Z"), (1_767_323_045_678, "2026-01-02T03:04:05.678Z"),
        (-62_135_596_800_000, "0001-01-01T00:00:00.000Z"), (-62_167_219_200_000, "0000-01-01T00:00:00.000Z"),
        (253_402_300_799_999, "9999-12-31T23:59:59.999Z"), (253_402_300_800_000, "10000-01-01T00:00:00.000Z"),
    ])
    func `a moment has this text`(_ milliseconds: Int, _ text: String) {
        #expect(Timestamp(milliseconds: Int64(milliseconds)).description == text)
    }

    @Test func `Foundation writes the same from the year 1 to 9999`() {
        let formatter = ISO8601DateFormatter()
        for _ in 0..<5_000 {
            let seconds = Int64.random(in: -62_135_596_800...253_402_300_799)
            // Foundation's calendar has the Gregorian rules of today from 1582-10-15 on.
            guard seconds >= -12_219_292_800 else { continue }
            let milliseconds = Int64.random(in: 0...999)
            let text = formatter.string(from: Date(timeIntervalSince1970: TimeInterval(seconds)))
            let digits = String(1000 + milliseconds).dropFirst()
            #expect(
                Timestamp(milliseconds: seconds * 1000 + milliseconds).description
                    == text.dropLast() + ".\(digits)Z")
        }
    }

    @Test func `texts of one length sort as their moments do`() {
        let moments = (0..<1_000).map { _ in
            Timestamp(milliseconds: Int64.random(in: 0...253_402_300_799_999))
        }
        #expect(moments.sorted().map(\.description) == moments.map(\.description).sorted())
    }

    @Test(arguments: [
        (0, 0), (999, 0), (1000, 1), (1999, 1), (-1, -1), (-1000, -1), (-1001, -2),
        (253_402_300_799_999, 253_402_300_799),
    ])
    func `whole seconds are rounded down`(_ milliseconds: Int, _ seconds: Int) {
        #expect(Timestamp(milliseconds: Int64(milliseconds)).unixSeconds == Int64(seconds))
    }

    @Test func `spans are added and taken away to the millisecond`() {
        let moment = Timestamp(milliseconds: 1_000)
        #expect(moment + .milliseconds(1) == Timestamp(milliseconds: 1_001))
        #expect(moment - .seconds(2) == Timestamp(milliseconds: -1_000))
        #expect(moment + .microseconds(999) == moment)
        #expect(Timestamp(milliseconds: 2_500) - moment == .milliseconds(1_500))
        #expect(moment - Timestamp(milliseconds: 2_500) == .milliseconds(-1_500))
        #expect(moment < moment + .milliseconds(1))
    }

    @Test func `a span tells its milliseconds and seconds`() {
        #expect(Duration.milliseconds(1_234).inMilliseconds == 1_234)
        #expect(Duration.milliseconds(-1_234).inMilliseconds == -1_234)
        #expect(Duration.milliseconds(1_500).inSeconds == 1.5)
        #expect(Duration.nanoseconds(1).inMilliseconds == 0)
    }

    @Test func `it is stored as its number and read back`() throws {
        let moment = Timestamp(milliseconds: 1_767_323_045_678)
        #expect(try JSON.encode([moment]) == Array("[1767323045678]".utf8))
        #expect(try JSON.decode([Timestamp].self, JSON.encode([moment])) == [moment])
    }

    @Test func `now is what the system says`() {
        let before = Date().timeIntervalSince1970
        let now = Double(Timestamp.now().milliseconds) / 1000
        #expect(now > before - 0.01)
        #expect(now < Date().timeIntervalSince1970 + 0.01)
    }
}
