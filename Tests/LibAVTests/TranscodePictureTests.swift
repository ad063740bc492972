import Foundation
import Testing
import Videos

@testable import LibAV

/// What becomes of pictures: depth, colour, rotation, size.
@Suite(.serialized) struct TranscodePictureTests {
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
}
