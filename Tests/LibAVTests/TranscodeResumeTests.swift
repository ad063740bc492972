import Foundation
import Testing
import Videos

@testable import LibAV

/// Runs that begin behind what is done already.
@Suite(.serialized) struct TranscodeResumeTests {
    @Test func resumedRunEqualsTheUnbrokenOne() throws {
        let film = try Clips.plain()
        let whole = try Encoding(film)
        let rest = try Encoding(film, resumeAfter: 1)
        #expect(rest.summary == whole.summary)
        for track in ["360p", "audio"] {
            #expect(rest.segments(track).map(\.index) == [1, 2])
            let kept = Array(whole.segments(track).prefix(1))
            let joined = try rest.joined(track, after: kept)
            let (mended, unbroken) = (try Verdict(joined), try Verdict(try whole.joined(track)))
            #expect(mended.packets == unbroken.packets)
            #expect(mended.seconds == unbroken.seconds)
            #expect(
                whole.segments(track).map(\.seconds).dropFirst() == rest.segments(track).map(\.seconds)[...])
            try Verdict.decodes(joined)
            #expect(
                try Data(contentsOf: URL(filePath: whole.initialisation(track) ?? ""))
                    == Data(contentsOf: URL(filePath: rest.initialisation(track) ?? "")))
        }
        let similar = try Verdict.similarity(
            try rest.joined("360p", after: Array(whole.segments("360p").prefix(1))), film)
        #expect(similar > 0.9)
    }

    @Test func resumingWhatIsNotSeekableDecodesFromTheStart() throws {
        let film = try Clips.make(
            "stream.ts", "\(Clips.picture("320x240", seconds: 5)) \(Clips.sound)5 \(Clips.h264) -c:a aac")
        let whole = try Encoding(film)
        let rest = try Encoding(film, resumeAfter: 2)
        #expect(rest.summary == whole.summary)
        #expect(
            rest.segments("audio").map(\.seconds)[...] == whole.segments("audio").map(\.seconds).dropFirst(2))
    }

    @Test func nothingIsLeftToDoBehindTheLastSegment() throws {
        let encoding = try Encoding(try Clips.plain(), resumeAfter: 3)
        #expect(encoding.summary == TranscodeSummary(segments: 3, frames: 180, durationSeconds: 6))
        #expect(encoding.segments("360p").isEmpty && encoding.segments("audio").isEmpty)
    }
}
