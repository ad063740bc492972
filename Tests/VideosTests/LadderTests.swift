import Testing

@testable import Videos

@Suite struct LadderTests {
    private func source(
        _ width: Int, _ height: Int, rate: Fraction = Fraction(30, 1), seconds: Double = 60,
        isVariable: Bool = false,
        tracks: [Int] = [1]
    ) -> MediaProperties {
        MediaProperties(
            container: "mp4", durationSeconds: seconds, width: width, height: height, frameRate: rate,
            isVariableFrameRate: isVariable, videoCodec: "h264", bitDepth: 8, rotation: 0,
            audioTracks: tracks.map {
                .init(stream: $0, codec: "aac", channels: 2, sampleRate: 44_100, language: nil)
            })
    }

    private func rungs(_ width: Int, _ height: Int) -> [String] {
        Ladder.rungs(width: width, height: height, frameRate: 30).map {
            "\($0.name) \($0.width)x\($0.height)"
        }
    }

    @Test func rungsGoFromTheSourceDownward() {
        #expect(rungs(1920, 1080) == ["1080p 1920x1080", "720p 1280x720", "480p 854x480", "360p 640x360"])
        #expect(rungs(3840, 2160) == rungs(1920, 1080))
        #expect(rungs(1280, 720) == ["720p 1280x720", "480p 854x480", "360p 640x360"])
        #expect(rungs(1000, 700) == ["480p 686x480", "360p 514x360"])
        #expect(rungs(640, 360) == ["360p 640x360"])
    }

    @Test func portraitIsMeasuredByItsWidth() {
        #expect(rungs(1080, 1920) == ["1080p 1080x1920", "720p 720x1280", "480p 480x854", "360p 360x640"])
        #expect(rungs(720, 720) == ["720p 720x720", "480p 480x480", "360p 360x360"])
    }

    @Test func smallSourceKeepsItsOwnSizeInEvenNumbers() {
        #expect(rungs(321, 241) == ["240p 320x240"])
        #expect(rungs(2, 3) == ["2p 2x2"])
    }

    @Test func nothingIsEnlargedAndAllSizesAreEven() {
        for width in stride(from: 2, to: 4_000, by: 37) {
            for height in stride(from: 2, to: 2_300, by: 41) {
                let found = Ladder.rungs(width: width, height: height, frameRate: 30)
                #expect(!found.isEmpty)
                #expect(found.allSatisfy { $0.width % 2 == 0 && $0.height % 2 == 0 })
                #expect(found.allSatisfy { $0.width <= width + 1 && $0.height <= height + 1 })
            }
        }
    }

    @Test func ratesFollowPixelsAndMotion() {
        let wide = Ladder.rungs(width: 1920, height: 1080, frameRate: 30).map(\.videoKilobitsPerSecond)
        #expect(wide == [5000, 2800, 1400, 800])
        let square = Ladder.rungs(width: 1080, height: 1080, frameRate: 30).map(\.videoKilobitsPerSecond)
        #expect(square == [2810, 1580, 790, 450])
        #expect(Ladder.rungs(width: 1920, height: 1080, frameRate: 60)[0].videoKilobitsPerSecond == 7500)
        #expect(Ladder.rungs(width: 2, height: 2, frameRate: 30)[0].videoKilobitsPerSecond == 64)
    }

    @Test(arguments: [
        (Fraction(30, 1), false, Fraction(30, 1)), (Fraction(2_997, 100), false, Fraction(30_000, 1_001)),
        (Fraction(24_000, 1_001), false, Fraction(24_000, 1_001)), (Fraction(24, 1), false, Fraction(24, 1)),
        (Fraction(2_500, 100), false, Fraction(25, 1)), (Fraction(15, 1), false, Fraction(15, 1)),
        (Fraction(2_970, 100), true, Fraction(30_000, 1_001)), (Fraction(120, 1), false, Fraction(60, 1)),
        (Fraction(240, 1), false, Fraction(60, 1)),
        (Fraction(119_880, 1_000), false, Fraction(60_000, 1_001)),
        (Fraction(90, 1), false, Fraction(45, 1)), (Fraction(1, 10), false, Fraction(1, 1)),
    ])
    func frameRateSnapsToUsualOnes(rate: Fraction, isVariable: Bool, expected: Fraction) throws {
        let plan = try Ladder.plan(
            for: source(1280, 720, rate: rate, isVariable: isVariable), limits: MediaLimits())
        #expect(plan.frameRate == expected)
    }

    @Test func firstSoundTrackIsTakenAndNoneIsFine() throws {
        #expect(
            try Ladder.plan(for: source(640, 360, tracks: [2, 1]), limits: MediaLimits()).audio?.stream == 2)
        #expect(try Ladder.plan(for: source(640, 360, tracks: []), limits: MediaLimits()).audio == nil)
    }

    @Test func limitsAreKept() {
        let limits = MediaLimits(maximumDurationSeconds: 60, maximumWidth: 1920, maximumHeight: 1080)
        let cases: [(MediaProperties, MediaFailure.Code)] = [
            (source(640, 360, seconds: 60.1), .tooLong), (source(640, 360, seconds: .infinity), .tooLong),
            (source(1922, 1080), .tooLarge), (source(1080, 1922), .tooLarge), (source(1200, 1200), .tooLarge),
            (source(1, 360), .tooSmall), (source(640, 1), .tooSmall),
        ]
        for (source, code) in cases {
            let failure = #expect(throws: MediaFailure.self) {
                _ = try Ladder.plan(for: source, limits: limits)
            }
            #expect(failure?.code == code)
        }
        #expect(throws: Never.self) { _ = try Ladder.plan(for: source(1080, 1920), limits: limits) }
    }

    @Test func planSurvivesEncoding() throws {
        let plan = try Ladder.plan(
            for: source(1920, 1080, rate: Fraction(30_000, 1_001)), limits: MediaLimits())
        #expect(plan.framesPerSegment == 120)
        #expect((plan.preset, plan.threadsPerEncoder, plan.segmentSeconds) == ("veryfast", 2, 4))
    }
}
