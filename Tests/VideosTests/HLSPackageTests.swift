import Kernel
import Testing

@testable import Videos

@Suite struct HLSPackageTests {
    @Test func `a column counts once every track has it`() {
        var package = HLSPackage.sample(columns: 0)
        #expect(package.trackNames == ["720p", "480p", "audio"])
        #expect((package.completeSegments, package.isPlayable, package.fraction) == (0, false, 0))
        package.apply(.sampleSegment("720p", 0))
        package.apply(.sampleSegment("720p", 1))
        package.apply(.sampleSegment("audio", 0))
        #expect(package.completeSegments == 0)
        package.apply(.sampleSegment("480p", 0))
        #expect((package.completeSegments, package.isPlayable, package.fraction) == (1, true, 0.5))
    }

    @Test func `a segment told again replaces the former, one too far ahead or of no track is passed over`() {
        var package = HLSPackage.sample(columns: 2)
        package.apply(.sampleSegment("720p", 1, seconds: 3, bytes: 77))
        #expect(package.tracks["720p"]?.segments.map(\.bytes) == [1_000, 77])
        let before = package
        package.apply(.sampleSegment("720p", 3))
        package.apply(.sampleSegment("1080p", 0))
        package.apply(.progress(0.7))
        #expect(package == before)
    }

    @Test func `an initialisation told again keeps the segments`() {
        var package = HLSPackage.sample(columns: 1)
        package.apply(.initialisation(track: "720p", file: "init.mp4", codec: "avc1.640028"))
        #expect(package.tracks["720p"]?.codec == "avc1.640028")
        #expect(package.tracks["720p"]?.segments.count == 1)
    }

    @Test func `before resuming, what not all tracks have is forgotten`() {
        var package = HLSPackage.sample(columns: 2)
        package.apply(.sampleSegment("720p", 2))
        package.apply(.sampleSegment("720p", 3))
        package.apply(.sampleSegment("audio", 2))
        package.truncateToComplete()
        #expect(package == .sample(columns: 2))
        package.truncateToComplete()
        #expect(package == .sample(columns: 2))
    }

    @Test func `a package without a track resumes from the start`() {
        var package = HLSPackage(properties: .sample(), plan: .sample())
        package.apply(.initialisation(track: "720p", file: "init.mp4", codec: "avc1.64001f"))
        package.apply(.sampleSegment("720p", 0))
        package.truncateToComplete()
        #expect(package.completeSegments == 0)
        #expect(package.tracks["720p"]?.segments.isEmpty == true)
    }

    @Test func `a checkpoint reads back as it was`() throws {
        var package = HLSPackage.sample(columns: 3)
        package.apply(.poster(file: "p", width: 1, height: 1))
        package.apply(
            .thumbnails(
                file: "t", tileWidth: 160, tileHeight: 90, columns: 5, count: 7, intervalSeconds: 1.5))
        #expect(try JSON.decode(HLSPackage.self, JSON.encode(package)) == package)
        package.finish(TranscodeSummary(segments: 3, frames: 360, durationSeconds: 12))
        #expect(try JSON.decode(HLSPackage.self, JSON.encode(package)) == package)
    }

    @Test(arguments: [(0.0, 0.0), (4, 1), (8, 0.5), (40, 0.1), (.infinity, 0)])
    func `the fraction is of the announced length and never above one`(_ seconds: Double, _ fraction: Double)
    {
        var package = HLSPackage(properties: .sample(seconds: seconds), plan: .sample())
        for track in package.trackNames {
            package.apply(.initialisation(track: track, file: "i", codec: "c"))
            package.apply(.sampleSegment(track, 0))
        }
        #expect(abs(package.fraction - fraction) < 1e-9)
    }

    @Test func `codecs of a rendition are its own and those of the sound`() {
        #expect(
            HLSPackage.sample(columns: 1).renditions.map(\.codecs) == [
                "avc1.64001f,mp4a.40.2", "avc1.64001f,mp4a.40.2",
            ])
        #expect(
            HLSPackage.sample(columns: 1, hasSound: false).renditions.map(\.codecs) == [
                "avc1.64001f", "avc1.64001f",
            ])
        #expect(HLSPackage(properties: .sample(), plan: .sample()).renditions.isEmpty)
    }

    @Test func `the planned peak is announced while segments stay below it`() {
        #expect(HLSPackage.sample(columns: 1).renditions.map(\.bandwidth) == [2_268_000, 1_198_000])
        #expect(
            HLSPackage.sample(columns: 1, hasSound: false).renditions.map(\.bandwidth) == [
                2_140_000, 1_070_000,
            ])
    }

    @Test func `a segment above the plan raises the announced peak`() {
        var package = HLSPackage.sample(columns: 2, hasSound: false)
        package.apply(.sampleSegment("480p", 1, seconds: 4, bytes: 1_000_000))
        #expect(package.renditions.map(\.bandwidth) == [2_140_000, 2_000_000])
        package.apply(.sampleSegment("480p", 2, seconds: 0, bytes: 1_000))
        #expect(package.renditions.map(\.bandwidth) == [2_140_000, 2_000_000])
    }

    @Test func `the announced peak holds the sound also where a segment is above the plan`() throws {
        var package = HLSPackage.sample(columns: 1)
        package.apply(.sampleSegment("480p", 0, seconds: 4, bytes: 1_000_000))
        let peak = try #require(package.renditions.last?.bandwidth)
        // The picture alone has 2,000,000 bits a second; the sound of that column 1,000 bytes in 4 seconds.
        #expect(peak >= 2_002_000)
    }
}
