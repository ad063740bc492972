import Testing

@testable import Videos

@Suite struct MasterPlaylistTests {
    private static let text = """
        #EXTM3U
        #EXT-X-VERSION:7
        #EXT-X-STREAM-INF:BANDWIDTH=900000,RESOLUTION=640x360
        360p/index.m3u8
        #EXT-X-STREAM-INF:BANDWIDTH=5000000,RESOLUTION=1280x720
        720p/index.m3u8
        #EXT-X-STREAM-INF:AVERAGE-BANDWIDTH=9000000,BANDWIDTH=2000000,RESOLUTION=854x480
        480p/index.m3u8

        """

    @Test func `under pressure the quality that takes most is not offered`() {
        let lighter = MasterPlaylist.withoutTopRendition(Self.text)
        #expect(!lighter.contains("720p") && !lighter.contains("5000000"))
        #expect(lighter.contains("360p/index.m3u8") && lighter.contains("480p/index.m3u8"))
        #expect(lighter.hasPrefix("#EXTM3U\n#EXT-X-VERSION:7\n") && lighter.hasSuffix("\n"))
    }

    @Test func `the only quality stays`() {
        let one = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n360p/index.m3u8\n"
        #expect(MasterPlaylist.withoutTopRendition(one) == one)
        #expect(MasterPlaylist.withoutTopRendition("nonsense") == "nonsense")
    }
}
