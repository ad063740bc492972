import Foundation
import Testing
import Videos

@testable import LibAV

/// Films that end early or are damaged.
@Suite(.serialized) struct TranscodeDamageTests {
    @Test(arguments: [40, 70])
    func fileThatEndsEarlyIsCorrupt(percent: Int) throws {
        let film = try Clips.make(
            "early.mp4",
            "\(Clips.picture("320x240", seconds: 8)) \(Clips.sound)8 \(Clips.h264) -c:a aac -movflags +faststart"
        )
        let broken = try Clips.truncated(film, to: percent, as: "early\(percent).mp4")
        let failure = #expect(throws: MediaFailure.self) { _ = try Encoding(broken) }
        #expect(failure?.code == .corrupt)
    }

    @Test func damagedBytesInTheMiddleAreTolerated() throws {
        let film = try Clips.plain()
        var bytes = try Data(contentsOf: URL(filePath: film))
        for place in stride(from: bytes.count / 2, to: bytes.count / 2 + 3_000, by: 7) {
            bytes[place] ^= 0x5A
        }
        let encoding = try Encoding(try Clips.write("damaged.mp4", bytes))
        #expect((176...181).contains(encoding.summary.frames))
        try Verdict.decodes(try encoding.joined("360p"))
    }

    @Test func matroskaThatEndsEarlyIsCorrupt() throws {
        let film = try Clips.make("whole.mkv", "-i \(Clips.plain()) -c copy")
        let failure = #expect(throws: MediaFailure.self) {
            _ = try Encoding(try Clips.truncated(film, to: 50, as: "half.mkv"))
        }
        #expect(failure?.code == .corrupt)
    }

    @Test(arguments: ["mp4", "mkv", "ts"])
    func filmWithoutOneReadablePictureFails(container: String) throws {
        let film = try Clips.make("erase.\(container)", "-i \(Clips.plain()) -c copy")
        var bytes = try Data(contentsOf: URL(filePath: film))
        let start = bytes.count / 50
        for place in start..<(bytes.count - bytes.count / 25) where place % 188 > 11 || container != "ts" {
            bytes[place] = UInt8(truncatingIfNeeded: place &* 31)
        }
        let erased = try Clips.write("erased.\(container)", bytes)
        #expect(throws: MediaFailure.self) { _ = try Encoding(erased) }
    }
}
