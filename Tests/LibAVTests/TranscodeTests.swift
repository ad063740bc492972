import Foundation
import Testing
import Videos

@testable import LibAV

@Suite(.serialized) struct TranscodeTests {
    @Test func plainFilmBecomesAlignedRenditionsAndOneSoundTrack() throws {
        let film = try Clips.make(
            "hd.mp4",
            "\(Clips.picture("1280x720", seconds: 5)) \(Clips.sound)5 \(Clips.h264) -c:a aac -shortest")
        let encoding = try Encoding(film, stills: true)
        #expect(encoding.plan.rungs.map(\.name) == ["720p", "480p", "360p"])
        #expect(encoding.summary == TranscodeSummary(segments: 3, frames: 150, durationSeconds: 5))
        for rung in encoding.plan.rungs {
            #expect(encoding.segments(rung.name).map(\.index) == [0, 1, 2])
            for (segment, seconds) in zip(encoding.segments(rung.name), [2.0, 2, 1]) {
                #expect(abs(segment.seconds - seconds) < 0.001)
                let packets = try Verdict.packets(try encoding.single(rung.name, segment))
                #expect(packets.first?.isKey == true)
                #expect(packets.dropFirst().allSatisfy { !$0.isKey })
                #expect(abs((packets.first?.time ?? -1) - Double(segment.index) * 2) < 0.001)
            }
            let joined = try encoding.joined(rung.name)
            let verdict = try Verdict(joined)
            #expect(verdict.packets == 150)
            #expect((verdict.width, verdict.height) == (rung.width, rung.height))
            #expect(abs(verdict.seconds - 5) < 0.001)
            try Verdict.decodes(joined)
        }
        #expect(try Verdict.similarity(try encoding.joined("720p"), film) > 0.9)
    }

    @Test func soundIsEncodedOnceAndCutAtVideoSegments() throws {
        let encoding = try Encoding(try Clips.plain())
        let sound = try encoding.joined("audio")
        let verdict = try Verdict(sound)
        #expect(verdict.codec == "aac")
        #expect(verdict.channels == 2)
        #expect(verdict.packets == 282)  // 6 s of 48,000 samples in frames of 1,024, rounded up.
        #expect(encoding.segments("audio").map(\.index) == [0, 1, 2])
        try Verdict.decodes(sound)
        var start = 0.0
        for segment in encoding.segments("audio") {
            #expect(start - Double(segment.index) * 2 >= 0)
            #expect(start - Double(segment.index) * 2 < 1_024.0 / 48_000)
            start += segment.seconds
        }
    }

    @Test func stepsComeInTheOrderThatPlayersNeed() throws {
        let encoding = try Encoding(try Clips.plain(), stills: true)
        guard case .poster(let poster, 640, 360) = encoding.steps.first else {
            Issue.record("The poster is not first: \(encoding.steps.first.debugDescription)")
            return
        }
        #expect(try Verdict(poster).codec == "mjpeg")
        #expect(encoding.progress == encoding.progress.sorted())
        #expect(encoding.progress.last == 1)
        #expect(encoding.progress.dropLast().allSatisfy { $0 < 1 })
        for case .initialisation(let track, _, let codec) in encoding.steps {
            #expect(track == "audio" ? codec == "mp4a.40.2" : codec.hasPrefix("avc1.") && codec.count == 11)
        }
        let sheets = encoding.steps.compactMap { step -> String? in
            guard case .thumbnails(let file, 160, 90, 6, 6, 1.0) = step else { return nil }
            return file
        }
        let sheet = try Verdict(try #require(sheets.first))
        #expect((sheet.width, sheet.height) == (960, 90))
    }

    @Test func filmWithoutSoundHasNoSoundTrack() throws {
        let film = try Clips.make("silent.mp4", "\(Clips.picture("320x240", seconds: 3)) \(Clips.h264)")
        let encoding = try Encoding(film)
        #expect(encoding.plan.audio == nil)
        #expect(encoding.initialisation("audio") == nil)
        #expect(encoding.summary.frames == 90)
        #expect(encoding.plan.rungs.map(\.name) == ["240p"])
    }

    @Test func variableRateBecomesConstantWithoutLosingLength() throws {
        let film = try Clips.make(
            "vfr.mkv",
            "\(Clips.picture("320x240", seconds: 6)) \(Clips.sound)6 -vf \(Clips.unevenPictures) "
                + "-vsync vfr \(Clips.h264) -c:a aac")
        let encoding = try Encoding(film) { $0.frameRate = Fraction(30, 1) }
        let verdict = try Verdict(try encoding.joined("240p"))
        #expect((175...181).contains(verdict.packets))
        #expect(verdict.packets == encoding.summary.frames)
        let times = try Verdict.packets(try encoding.joined("240p")).map(\.time)
        #expect(zip(times, times.dropFirst()).allSatisfy { abs($1 - $0 - 1.0 / 30) < 0.0005 })
    }

    @Test(arguments: ["libx264", "libx265"])
    func tenBitPicturesBecomeEightBit(codec: String) throws {
        let film = try Clips.make(
            "ten-\(codec).mp4",
            "\(Clips.picture("320x240", seconds: 2)) -c:v \(codec) -preset ultrafast -pix_fmt yuv420p10le")
        #expect(try Probe.properties(of: film).bitDepth == 10)
        let joined = try Encoding(film).joined("240p")
        #expect(try Verdict(joined).pixelFormat == "yuv420p")
        #expect(try Verdict.similarity(joined, film, filter: "format=yuv420p") > 0.9)
    }

    @Test func fourFourFourBecomesFourTwoZero() throws {
        let film = try Clips.make(
            "444.mkv",
            "\(Clips.picture("320x240", seconds: 2)) -c:v libx264 -preset ultrafast -pix_fmt yuv444p")
        let joined = try Encoding(film).joined("240p")
        #expect(try Verdict(joined).pixelFormat == "yuv420p")
        #expect(try Verdict.similarity(joined, film, filter: "format=yuv420p") > 0.9)
    }

    @Test(arguments: [(90, "transpose=clock"), (180, "hflip,vflip"), (270, "transpose=cclock")])
    func rotationIsAppliedToThePixels(degrees: Int, filter: String) throws {
        let film = try Clips.make("upright.mp4", "\(Clips.picture("640x360", seconds: 2)) \(Clips.h264)")
        // The program turns the other way for this option, see its own upright picture below.
        let turned = try Clips.make(
            "turned\(degrees).mp4", "-i \(film) -c copy -metadata:s:v rotate=\(360 - degrees)")
        let properties = try Probe.properties(of: turned)
        #expect(properties.rotation == degrees)
        let sideways = degrees != 180
        #expect((properties.width, properties.height) == (sideways ? (360, 640) : (640, 360)))
        let encoding = try Encoding(turned, stills: true)
        let joined = try encoding.joined("360p")
        let verdict = try Verdict(joined)
        #expect((verdict.width, verdict.height) == (properties.width, properties.height))
        #expect(try Verdict.similarity(joined, turned) > 0.9)
        let upright = try Clips.make("plain\(degrees).mp4", "-i \(film) -vf \(filter) \(Clips.h264)")
        #expect(try Verdict.similarity(joined, upright) > 0.9)
    }

    @Test func mirroredPicturesAreMirrored() throws {
        let film = try Clips.make("upright.mp4", "\(Clips.picture("640x360", seconds: 2)) \(Clips.h264)")
        var bytes = try Data(contentsOf: URL(filePath: film))
        // The first number of the track's display matrix: -1 in 16.16.
        let matrix = try #require(bytes.range(of: Data("tkhd".utf8))).upperBound + 40
        bytes.replaceSubrange(matrix..<matrix + 4, with: [0xFF, 0xFF, 0, 0])
        let mirrored = try Clips.write("mirrored.mp4", bytes)
        #expect(try Probe.properties(of: mirrored).rotation == 0)
        let joined = try Encoding(mirrored).joined("360p")
        #expect(try Verdict.similarity(joined, film, filter: "hflip") > 0.9)
    }

    @Test func oddSizesBecomeEven() throws {
        let film = try Clips.make(
            "odd.mp4",
            "\(Clips.picture("853x479", seconds: 2)) -c:v libx264 -preset ultrafast -pix_fmt yuv444p")
        let encoding = try Encoding(film)
        for rung in encoding.plan.rungs {
            let verdict = try Verdict(try encoding.joined(rung.name))
            #expect((verdict.width, verdict.height) == (rung.width, rung.height))
            #expect(rung.width % 2 == 0 && rung.height % 2 == 0)
        }
    }

    @Test func surroundIsMixedDownToStereo() throws {
        let film = try Clips.make(
            "surround.mp4",
            "\(Clips.picture("320x240", seconds: 3)) -f lavfi -i aevalsrc=0|0|0.5*sin(880*PI*t)|0|0|0:c=5.1:d=3 "
                + "\(Clips.h264) -c:a ac3")
        let encoding = try Encoding(film)
        let sound = try encoding.joined("audio")
        #expect(try Verdict(sound).channels == 2)
        // The centre channel must be heard on both sides.
        let levels = try Program.run(
            "ffmpeg", ["-v", "info", "-i", sound, "-af", "volumedetect", "-f", "null", "-"])
        #expect(!levels.contains("max_volume: -91"))
    }

    @Test func chosenSoundTrackIsUsed() throws {
        let film = try Clips.make(
            "two.mkv",
            "\(Clips.picture("320x240", seconds: 3)) \(Clips.sound)3 -f lavfi -i anullsrc=r=44100:d=3 -map 0 -map 1 "
                + "-map 2 -metadata:s:a:0 language=eng -metadata:s:a:1 language=deu \(Clips.h264) -c:a aac")
        let tracks = try Probe.properties(of: film).audioTracks
        #expect(tracks.map(\.language) == ["en", "de"])
        #expect(tracks.map(\.sampleRate) == [48_000, 44_100])
        let second = try Encoding(film) { $0.audio?.stream = tracks[1].stream }
        let levels = try Program.run(
            "ffmpeg",
            ["-v", "info", "-i", try second.joined("audio"), "-af", "volumedetect", "-f", "null", "-"])
        #expect(levels.contains("max_volume: -91"))
    }

    @Test func lateVideoIsFilledAndLateSoundIsSilent() throws {
        let late = try Clips.make(
            "late-video.mkv",
            "-itsoffset 1 \(Clips.picture("320x240", seconds: 3)) \(Clips.sound)4 \(Clips.h264) -c:a aac")
        let encoding = try Encoding(late)
        #expect((119...122).contains(encoding.summary.frames))
        let lateSound = try Clips.make(
            "late-sound.mkv",
            "\(Clips.picture("320x240", seconds: 4)) -itsoffset 1 \(Clips.sound)3 \(Clips.h264) -c:a pcm_s16le"
        )
        let sound = try Encoding(lateSound).joined("audio")
        let silences = try Program.run(
            "ffmpeg",
            ["-v", "info", "-i", sound, "-af", "silencedetect=noise=-50dB:d=0.5", "-f", "null", "-"])
        let end = silences.components(separatedBy: "silence_end: ").dropFirst().first?.prefix { $0 != " " }
        #expect(abs((Double(end ?? "") ?? 0) - 1) < 0.06, "\(silences)")
    }

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

    @Test func ntscRateKeepsSoundAndPictureSegmentsTogether() throws {
        let film = try Clips.make(
            "ntsc.mp4",
            "\(Clips.picture("320x240", rate: "30000/1001", seconds: 6)) \(Clips.sound)6 \(Clips.h264) -c:a aac"
        )
        let encoding = try Encoding(film)
        #expect(encoding.plan.frameRate == Fraction(30_000, 1_001))
        #expect(encoding.segments("audio").count == encoding.segments("240p").count)
        #expect(abs(encoding.segments("240p")[0].seconds - 2.002) < 0.0001)
    }

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

    @Test func nothingIsLeftToDoBehindTheLastSegment() throws {
        let encoding = try Encoding(try Clips.plain(), resumeAfter: 3)
        #expect(encoding.summary == TranscodeSummary(segments: 3, frames: 180, durationSeconds: 6))
        #expect(encoding.segments("360p").isEmpty && encoding.segments("audio").isEmpty)
    }

    @Test(arguments: [
        "libvpx -deadline realtime", "libvpx-vp9 -deadline realtime -cpu-used 8", "libsvtav1 -preset 12",
    ])
    func openCodecsAreRead(codec: String) throws {
        let film = try Clips.make(
            "open-\(codec.prefix { $0 != " " }).webm",
            "\(Clips.picture("320x240", seconds: 2)) \(Clips.sound)2 -c:v \(codec) -b:v 2M -c:a libopus -shortest"
        )
        let encoding = try Encoding(film)
        #expect((59...61).contains(encoding.summary.frames))
        #expect(try Verdict.similarity(try encoding.joined("240p"), film) > 0.85)
        try Verdict.decodes(try encoding.joined("audio"))
    }
}
