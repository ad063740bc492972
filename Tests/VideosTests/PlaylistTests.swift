import Kernel
import Testing

@testable import Videos

@Suite struct PlaylistTests {
    @Test func `while it grows a playlist lists the columns that every track has`() {
        var package = HLSPackage.sample(columns: 2)
        package.apply(.sampleSegment("720p", 2))
        #expect(
            package.mediaPlaylist("720p") == """
                #EXTM3U
                #EXT-X-VERSION:7
                #EXT-X-TARGETDURATION:4
                #EXT-X-MEDIA-SEQUENCE:0
                #EXT-X-PLAYLIST-TYPE:EVENT
                #EXT-X-INDEPENDENT-SEGMENTS
                #EXT-X-MAP:URI="init.mp4"
                #EXTINF:4.000000,
                0.m4s
                #EXTINF:4.000000,
                1.m4s

                """)
        #expect(package.mediaPlaylist("480p") == package.mediaPlaylist("720p"))
        #expect(package.mediaPlaylist("audio") == package.mediaPlaylist("720p"))
    }

    @Test func `a finished playlist lists all and says that it ends`() {
        var package = HLSPackage.sample(columns: 1)
        package.apply(.sampleSegment("720p", 1, seconds: 4.004))
        package.apply(.sampleSegment("720p", 2, seconds: 0.1234567))
        package.finish(TranscodeSummary(segments: 3, frames: 250, durationSeconds: 8.127))
        #expect(
            package.mediaPlaylist("720p") == """
                #EXTM3U
                #EXT-X-VERSION:7
                #EXT-X-TARGETDURATION:4
                #EXT-X-MEDIA-SEQUENCE:0
                #EXT-X-PLAYLIST-TYPE:VOD
                #EXT-X-INDEPENDENT-SEGMENTS
                #EXT-X-MAP:URI="init.mp4"
                #EXTINF:4.000000,
                0.m4s
                #EXTINF:4.004000,
                1.m4s
                #EXTINF:0.123457,
                2.m4s
                #EXT-X-ENDLIST

                """)
    }

    @Test(arguments: [(4.4, 4), (4.5, 5), (5.6, 6), (1.0, 4)])
    func `the target is the longest segment rounded, and not less than planned`(
        _ seconds: Double, _ target: Int
    ) {
        var package = HLSPackage.sample(columns: 1, hasSound: false)
        for track in package.trackNames { package.apply(.sampleSegment(track, 0, seconds: seconds)) }
        #expect(package.mediaPlaylist("720p").contains("#EXT-X-TARGETDURATION:\(target)\n"))
    }

    @Test func `a playlist only grows while columns are added`() {
        var last = ""
        for columns in 0..<5 {
            let text = HLSPackage.sample(columns: columns).mediaPlaylist("720p")
            #expect(text.hasPrefix(last))
            last = text
        }
        #expect(!last.contains("ENDLIST"))
    }

    @Test func `a master with sound has one shared group`() {
        #expect(
            HLSPackage.sample(columns: 1).masterPlaylist == """
                #EXTM3U
                #EXT-X-VERSION:7
                #EXT-X-INDEPENDENT-SEGMENTS
                #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="Audio",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",\
                URI="audio/index.m3u8"
                #EXT-X-STREAM-INF:BANDWIDTH=2268000,RESOLUTION=1280x720,FRAME-RATE=29.970,\
                CODECS="avc1.64001f,mp4a.40.2",AUDIO="audio"
                720p/index.m3u8
                #EXT-X-STREAM-INF:BANDWIDTH=1198000,RESOLUTION=854x480,FRAME-RATE=29.970,\
                CODECS="avc1.64001f,mp4a.40.2",AUDIO="audio"
                480p/index.m3u8

                """)
    }

    @Test func `a master without sound has none`() {
        #expect(
            HLSPackage.sample(columns: 1, hasSound: false).masterPlaylist == """
                #EXTM3U
                #EXT-X-VERSION:7
                #EXT-X-INDEPENDENT-SEGMENTS
                #EXT-X-STREAM-INF:BANDWIDTH=2140000,RESOLUTION=1280x720,FRAME-RATE=29.970,CODECS="avc1.64001f"
                720p/index.m3u8
                #EXT-X-STREAM-INF:BANDWIDTH=1070000,RESOLUTION=854x480,FRAME-RATE=29.970,CODECS="avc1.64001f"
                480p/index.m3u8

                """)
    }

    @Test func `thumbnails are rectangles of the sheet, row by row`() {
        var package = HLSPackage.sample(columns: 1)
        #expect(package.thumbnailCues == nil)
        package.apply(
            .thumbnails(
                file: "t", tileWidth: 160, tileHeight: 90, columns: 2, count: 3, intervalSeconds: 3))
        #expect(
            package.thumbnailCues == """
                WEBVTT

                00:00:00.000 --> 00:00:03.000
                strip.jpg#xywh=0,0,160,90

                00:00:03.000 --> 00:00:06.000
                strip.jpg#xywh=160,0,160,90

                00:00:06.000 --> 00:00:08.000
                strip.jpg#xywh=0,90,160,90

                """)
    }

    @Test func `cues of a long video count hours, and none is empty`() {
        var package = HLSPackage(properties: .sample(seconds: 7_200), plan: .sample())
        package.apply(
            .thumbnails(
                file: "t", tileWidth: 160, tileHeight: 90, columns: 10, count: 3, intervalSeconds: 3_600))
        let lines = package.thumbnailCues?.split(separator: "\n").map(String.init) ?? []
        #expect(lines.contains("01:00:00.000 --> 02:00:00.000"))
        #expect(lines.contains("02:00:00.000 --> 02:00:00.001"))
    }
}
