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
