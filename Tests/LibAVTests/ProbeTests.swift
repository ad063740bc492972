import Foundation
import Testing
import Videos

@testable import LibAV

@Suite(.serialized) struct ProbeTests {
    private func code(_ path: String) -> MediaFailure.Code? {
        do {
            _ = try Probe.properties(of: path)
            return nil
        } catch {
            return (error as? MediaFailure)?.code
        }
    }

    @Test func plainFilmIsDescribed() throws {
        let properties = try Probe.properties(of: try Clips.plain())
        #expect(properties.container == "mp4")
        #expect((properties.width, properties.height) == (640, 360))
        #expect(properties.frameRate == Fraction(30, 1))
        #expect(!properties.isVariableFrameRate)
        #expect(abs(properties.durationSeconds - 6) < 0.1)
        #expect((properties.videoCodec, properties.bitDepth, properties.rotation) == ("h264", 8, 0))
        #expect(properties.audioTracks.map(\.codec) == ["aac"])
    }

    @Test func wrongEndingDoesNotMatter() throws {
        let bytes = try Data(contentsOf: URL(filePath: try Clips.plain()))
        #expect(code(try Clips.write("film.txt", bytes)) == nil)
    }

    @Test func whatIsNoVideoIsRefused() throws {
        #expect(code(try Clips.write("empty.mp4", Data())) == .notAVideo)
        #expect(code(try Clips.write("text.mp4", Data("<html>hello</html>".utf8))) == .notAVideo)
        let noise = Data((0..<3_000_000).map { _ in UInt8.random(in: 0...255) })
        #expect([.notAVideo, .corrupt, .noVideoStream].contains(code(try Clips.write("noise.mp4", noise))))
        #expect(code("/nowhere/film.mp4") == .sourceMissing)
    }

    @Test(arguments: [10, 50, 90])
    func filmCutBeforeItsIndexIsCorrupt(percent: Int) throws {
        #expect(
            code(try Clips.truncated(try Clips.plain(), to: percent, as: "cut\(percent).mp4")) == .corrupt)
    }

    @Test(arguments: ["list.m3u8", "list.mp4", "list.ts"])
    func playlistsAreNeverFollowed(name: String) throws {
        let film = try Clips.plain()
        let list =
            "#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXTINF:6,\nfile://\(film)\n#EXTINF:6,\nhttp://127.0.0.1:9/x.ts\n"
            + "#EXT-X-ENDLIST\n"
        #expect(code(try Clips.write(name, Data(list.utf8))) == .notAVideo)
        let concat = "ffconcat version 1.0\nfile '\(film)'\n"
        #expect(code(try Clips.write("concat-" + name, Data(concat.utf8))) == .notAVideo)
    }

    @Test func filmWithSoundOnlyHasNoVideo() throws {
        #expect(code(try Clips.make("sound.m4a", "\(Clips.sound)2 -c:a aac")) == .noVideoStream)
    }

    @Test func coverPictureIsNoVideo() throws {
        let cover = try Clips.make("cover.jpg", "\(Clips.picture("64x64", seconds: 1)) -frames:v 1")
        let song = try Clips.make(
            "song.m4a",
            "\(Clips.sound)2 -i \(cover) -map 0 -map 1 -c:a aac -c:v mjpeg -disposition:v:0 attached_pic")
        #expect(code(song) == .noVideoStream)
    }

    @Test func tinyAndHugePicturesAreMeasuredAndLeftToTheLimits() throws {
        let tiny = try Clips.make(
            "tiny.mkv", "\(Clips.picture("16x16", seconds: 1)) -vf scale=1:1 -pix_fmt gray -c:v ffv1")
        #expect(throws: MediaFailure.self) {
            _ = try Ladder.plan(for: try Probe.properties(of: tiny), limits: MediaLimits())
        }
        let small = try Clips.make("small.avi", "\(Clips.picture("320x240", seconds: 1)) -c:v ffv1")
        var bytes = try Data(contentsOf: URL(filePath: small))
        // The header of the picture claims 16,000 x 16,000: width and height follow the size of the chunk and
        // its own.
        let format = try #require(bytes.range(of: Data("strf".utf8))).upperBound
        for place in [format + 8, format + 12] {
            bytes.replaceSubrange(place..<place + 4, with: [0x80, 0x3E, 0, 0])
        }
        let huge = try Clips.write("huge.avi", bytes)
        let failure = #expect(throws: MediaFailure.self) {
            _ = try Ladder.plan(for: try Probe.properties(of: huge), limits: MediaLimits())
        }
        #expect(failure?.code == .tooLarge)
    }

    @Test func claimedHoursAreRefusedByTheLimits() throws {
        let film = try Clips.make(
            "hours.mkv",
            "\(Clips.picture("320x240", seconds: 2)) -vf setpts=N*19000/TB/30 -vsync vfr \(Clips.h264)")
        let properties = try Probe.properties(of: film)
        #expect(properties.durationSeconds > 36_000)
        let failure = #expect(throws: MediaFailure.self) {
            _ = try Ladder.plan(for: properties, limits: MediaLimits())
        }
        #expect(failure?.code == .tooLong)
    }

    @Test func lengthIsMeasuredWhereTheFileDoesNotSay() throws {
        let film = try Clips.make(
            "live.webm",
            "\(Clips.picture("320x240", seconds: 3)) -c:v libvpx -deadline realtime -cpu-used 8 -live 1")
        #expect(abs(try Probe.properties(of: film).durationSeconds - 3) < 0.1)
    }

    @Test func pixelShapeIsPartOfTheSize() throws {
        let film = try Clips.make(
            "anamorphic.mp4", "\(Clips.picture("720x576", rate: "25", seconds: 1)) -aspect 16:9 \(Clips.h264)"
        )
        let properties = try Probe.properties(of: film)
        #expect((properties.width, properties.height) == (1_024, 576))
    }

    @Test func variableRateIsSeen() throws {
        let film = try Clips.make(
            "rate.mkv",
            "\(Clips.picture("320x240", seconds: 6)) -vf \(Clips.unevenPictures) -vsync vfr "
                + Clips.h264)
        let properties = try Probe.properties(of: film)
        #expect(properties.isVariableFrameRate)
        #expect((15...20).contains(properties.frameRate.value))
        #expect(
            !(try Probe.properties(of: Clips.make("even.mkv", "-i \(Clips.plain()) -c copy"))
                .isVariableFrameRate))
    }
}
