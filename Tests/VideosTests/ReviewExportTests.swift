import Foundation
import Kernel
import Testing

@testable import Videos

@Suite struct ReviewExportTests {
    @Test(arguments: [
        ("25", 0.0, "00:00:00:00"), ("25", 1.0, "00:00:01:00"), ("25", 59.96, "00:00:59:24"),
        ("25", 3_600.04, "01:00:00:01"), ("24", 0.0416667, "00:00:00:01"), ("24", 0.0416, "00:00:00:01"),
        ("24", 0.039, "00:00:00:00"),
        ("30", 0.0333, "00:00:00:01"), ("30", 0.0316, "00:00:00:00"), ("30", 0.0334, "00:00:00:01"),
        ("60", 0.999, "00:00:00:59"),
        // 24,000 frames take 1,001 seconds, which timecode counts as 1,000.
        ("23.976", 1_001.0, "00:16:40:00"), ("23.98", 1_001.0, "00:16:40:00"),
        ("23.976", 1_000.958, "00:16:39:23"), ("23.976", 0.0417083, "00:00:00:01"),
        ("29.97", 1_001.0, "00:16:40:00"), ("29.97", 3_603.6, "01:00:00:00"),
        ("29.97", 0.033366, "00:00:00:01"), ("59.94", 1_001.0, "00:16:40:00"),
        ("59.94", 0.016683, "00:00:00:01"), ("25", 86_400.0, "00:00:00:00"), ("50", 86_399.98, "23:59:59:49"),
    ])
    func `a time is the frame that is shown then, in the count of its rate`(
        _ rate: String, _ seconds: Double, _ timecode: String
    ) throws {
        let rate = try #require(FrameRate(rate))
        #expect(rate.timecode(frame: rate.frame(at: seconds)) == timecode)
    }

    @Test(arguments: ["23.976", "24", "25", "29.97", "30", "47.952", "48", "50", "59.94", "60"])
    func `the beginning of each frame is that frame, however a player rounds it`(_ name: String) throws {
        let rate = try #require(FrameRate(name))
        for frame in Int64(0)..<20_000 {
            let exact = Double(frame) * Double(rate.seconds) / Double(rate.frames)
            for time in [
                exact, (exact * 100_000).rounded() / 100_000, (exact * 1_000_000).rounded(.down) / 1_000_000,
            ] {
                #expect(rate.frame(at: time) == frame)
            }
        }
    }

    @Test(arguments: ["", "0", "-25", "1000", "25.0", "29", "abc", "NaN", "23.9760"])
    func `a rate that no editor knows is none`(_ name: String) { #expect(FrameRate(name) == nil) }

    @Test(arguments: [
        ("plain", "plain"), ("", ""), ("a,b", "\"a,b\""), ("say \"hi\"", "\"say \"\"hi\"\"\""),
        ("two\nlines", "\"two\nlines\""), ("=1+1", "'=1+1"), ("+1", "'+1"), ("-1", "'-1"), ("@me", "'@me"),
        ("\ttab", "'\ttab"), ("=HYPERLINK(\"x\",1)", "\"'=HYPERLINK(\"\"x\"\",1)\""), ("a=1", "a=1"),
        ("🦆,ä", "\"🦆,ä\""), ("\rx", "\"'\rx\""),
        ("x;=cmd|'/C calc'!A0", "x;'=cmd|'/C calc'!A0"), ("a\n=1;\t+2", "\"a\n'=1;\t'+2\""),
        ("x;\"\"@y", "\"x;\"\"\"\"'@y\""), ("a-b;c=d \n e", "\"a-b;c=d \n e\""),
    ])
    func `a cell is quoted where it must be and never a formula`(_ text: String, _ cell: String) {
        #expect(CommentTable.cell(text) == cell)
    }

    private static let ann = UserID(), bea = UserID()

    private static func transcript() -> Reviews.Transcript {
        let video = Video(
            id: VideoID(), announcement: .sample(), createdBy: ann, createdAt: Timestamp(milliseconds: 0))
        func comment(
            _ body: String, _ author: Videos.Comment.Author, at: Double, until: Double? = nil,
            parent: Videos.Comment? = nil,
            resolved: Bool = false
        ) -> Videos.Comment {
            Videos.Comment(
                id: CommentID(),
                place: .init(video: video.id, parent: parent?.id, atSeconds: at, untilSeconds: until),
                author: author, createdAt: Timestamp(milliseconds: 1_800_000_000_000),
                content: .init(
                    body: body, mentions: Mention.users(in: body),
                    resolution: resolved
                        ? .init(at: Timestamp(milliseconds: 1_800_000_060_000), by: bea) : nil))
        }
        let late = comment("Too | loud,\nhere", .member(ann), at: 10.04, until: 12, resolved: true)
        let early = comment("=Fix \"it\" <@\(bea)>", .guest(name: "Gus", share: ShareID()), at: 1)
        return Reviews.Transcript(
            video: video, comments: [late, early, comment("Done", .member(bea), at: 1, parent: early)])
    }

    @Test func `a table has a row for each comment and reads back as it was`() throws {
        let rate = try #require(FrameRate("25"))
        let transcript = Self.transcript()
        let text = CommentTable(transcript, rate: rate, names: [Self.ann: "Ann", Self.bea: "Bea"]).text
        let rows = Self.parse(text)
        #expect(rows.map(\.count) == [11, 11, 11, 11])
        let (late, early, reply) = (rows[1], rows[2], rows[3])
        #expect(late[1...5] == ["00:00:10:01", "10.04", "12.0", "Ann", "Too | loud,\nhere"])
        #expect(late[9...] == ["2027-01-15T08:01:00.000Z", "Bea"])
        #expect(early[3...5] == ["", "Gus (guest)", "'=Fix \"it\" @Bea"])
        #expect(reply[6] == early[0] && reply[5] == "Done")
        #expect(text.hasSuffix("\r\n"))
    }

    /// RFC 4180, as a program that reads it would.
    private static func parse(_ text: String) -> [[String]] {
        var (rows, row, cell, isQuoted) = ([[String]](), [String](), "", false)
        var scalars = Array(text.unicodeScalars)[...]
        while let scalar = scalars.popFirst() {
            switch (scalar, isQuoted) {
            case ("\"", true) where scalars.first == "\"":
                scalars.removeFirst()
                cell.unicodeScalars.append("\"")
            case ("\"", _): isQuoted.toggle()
            case (",", false):
                row.append(cell)
                cell = ""
            case ("\r", false): break
            case ("\n", false):
                rows.append(row + [cell])
                (row, cell) = ([], "")
            default: cell.unicodeScalars.append(scalar)
            }
        }
        return rows
    }

    @Test func `markers stand in the order of the film, in the form that editors import`() throws {
        let rate = try #require(FrameRate("29.97"))
        let list = MarkerList(Self.transcript(), rate: rate, names: [Self.ann: "Ann", Self.bea: "Bea"])
        let expected = [
            "TITLE: Title", "FCM: NON-DROP FRAME", "",
            "001  001      V     C        01:00:01:00 01:00:01:01 01:00:01:00 01:00:01:01  ",
            "Gus (guest): =Fix \"it\" @Bea / Bea: Done |C:ResolveColorBlue |M:=Fix \"it\" @Bea |D:1",
            "* LOC: 01:00:01:00 BLUE    =Fix \"it\" @Bea", "",
            "002  001      V     C        01:00:10:00 01:00:10:01 01:00:10:00 01:00:10:01  ",
            "Ann: Too / loud, here |C:ResolveColorGreen |M:Too / loud, here |D:60",
            "* LOC: 01:00:10:00 GREEN   Too / loud, here", "", "",
        ]
        #expect(list.text == expected.joined(separator: "\r\n"))
        let atZero = MarkerList(Self.transcript(), rate: rate, names: [:], startSecond: 0)
        #expect(atZero.text.contains(" 00:00:10:00 00:00:10:01 "))
    }

    @Test func `threads of one frame are one event, and no words of people make another`() throws {
        let whole = Self.transcript()
        let (late, early) = (whole.comments[0], whole.comments[1])
        func comment(_ body: String, by name: String, at: Double) -> Videos.Comment {
            Videos.Comment(
                id: CommentID(),
                place: .init(video: whole.video.id, parent: nil, atSeconds: at, untilSeconds: nil),
                author: .guest(name: name, share: ShareID()), createdAt: Timestamp(milliseconds: 0),
                content: .init(body: body, mentions: []))
        }
        let comments = [
            late, early, comment("Here too", by: "3D Team", at: 10.05),
            comment("007  001 V C", by: "4 us", at: 20),
        ]
        let list = MarkerList(
            Reviews.Transcript(video: whole.video, comments: comments), rate: try #require(FrameRate("25")),
            names: [Self.ann: "Ann"])
        let lines = list.text.components(separatedBy: "\r\n").filter { !$0.isEmpty }.dropFirst(2)
        #expect(lines.filter { $0.first?.isNumber == true }.map { $0.prefix(3) } == ["001", "002", "003"])
        #expect(
            lines.contains(
                "Ann: Too / loud, here / 3D Team (guest): Here too |C:ResolveColorBlue "
                    + "|M:Too / loud, here / Here too |D:50"))
        #expect(
            lines.filter { $0.hasPrefix("* LOC: 01:00:10:01 ") }
                == [
                    "* LOC: 01:00:10:01 GREEN   Too / loud, here", "* LOC: 01:00:10:01 BLUE    Here too",
                ])
        #expect(
            lines.contains(
                "* 4 us (guest): 007 001 V C |C:ResolveColorBlue |M:007 001 V C |D:1"))
    }

    @Test func `replies whose thread was deleted are markers of their own`() throws {
        let whole = Self.transcript()
        let left = Reviews.Transcript(video: whole.video, comments: [whole.comments[0], whole.comments[2]])
        let list = MarkerList(left, rate: try #require(FrameRate("25")), names: [Self.bea: "Bea"])
        #expect(list.text.contains("Bea: Done |C:ResolveColorBlue |M:Done |D:1"))
        #expect(list.text.contains("\r\n002  001"))
    }

    @Test func `a marker's words stay on one line and within bounds`() {
        #expect(MarkerList.line("a\r\nb\u{0}|c\u{2028}d\t e", atMost: 100) == "a b /c d e")
        #expect(MarkerList.line(String(repeating: "ä", count: 500), atMost: 60).count == 60)
    }
}
