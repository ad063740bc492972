import Testing
import Videos

@testable import LibAV

@Suite struct ScheduleTests {
    /// The picture shown in each output frame.
    private func shown(_ slots: [Int], end: Int, from first: Int = 0) -> [Int: Int] {
        var schedule = FrameSchedule<Int>(startingAt: first)
        var shown: [Int: Int] = [:]
        let note = { (run: FrameSchedule<Int>.Run?) in
            guard let run else { return }
            for frame in run.frames { shown[frame] = run.picture }
        }
        for (picture, slot) in slots.enumerated() { note(schedule.accept(picture, slot: slot)) }
        note(schedule.finish(end: end))
        return shown
    }

    @Test func regularPicturesPassOneToOne() {
        #expect(shown([0, 1, 2], end: 3) == [0: 0, 1: 1, 2: 2])
    }

    @Test func gapsRepeatThePictureBefore() {
        #expect(shown([0, 3], end: 5) == [0: 0, 1: 0, 2: 0, 3: 1, 4: 1])
    }

    @Test func ofSeveralPicturesInOneSlotTheLastWins() {
        #expect(shown([0, 1, 1, 2], end: 3) == [0: 0, 1: 2, 2: 3])
    }

    @Test func lateStartShowsTheFirstPictureFromZero() {
        #expect(shown([3, 4], end: 5) == [0: 0, 1: 0, 2: 0, 3: 0, 4: 1])
    }

    @Test func timeThatStepsBackIsIgnored() {
        #expect(shown([0, 5, 2, 6], end: 7) == [0: 0, 1: 0, 2: 0, 3: 0, 4: 0, 5: 1, 6: 3])
    }

    @Test func resumedScheduleGivesTheSameFramesAsAWholeOne() {
        let slots = [0, 1, 3, 3, 6, 7, 9]
        let whole = shown(slots, end: 12)
        for first in 0..<12 {
            #expect(shown(slots, end: 12, from: first) == whole.filter { $0.key >= first })
        }
    }

    @Test func soundIsPlacedExactlyAtItsStartAndLooselyLater() {
        var schedule = AudioSchedule(startingAt: 0, rate: 48_000)
        #expect(schedule.place(claimed: 500, count: 1_024) == .init(silence: 500, trim: 0))
        #expect(schedule.place(claimed: 1_530, count: 1_024) == .init())
        #expect(schedule.place(claimed: 48_000, count: 1_024) == .init(silence: 48_000 - 2_548, trim: 0))
        #expect(schedule.place(claimed: 40_000, count: 1_024) == .init(silence: 0, trim: 1_024))
        #expect(schedule.position == 49_024)
    }

    @Test func soundBeforeTheStartIsLeftOut() {
        var schedule = AudioSchedule(startingAt: 4_096, rate: 48_000)
        #expect(schedule.place(claimed: 0, count: 4_000) == .init(silence: 0, trim: 4_000))
        #expect(schedule.place(claimed: 4_000, count: 1_000) == .init(silence: 0, trim: 96))
        #expect(schedule.position == 5_000)
    }

    @Test(arguments: [Fraction(30, 1), Fraction(30_000, 1_001), Fraction(25, 1), Fraction(7, 1)])
    func everySegmentHasSound(rate: Fraction) {
        let plan = TranscodePlan(
            rungs: [], frameRate: rate, segmentSeconds: 4, audio: nil, threadsPerEncoder: 1, preset: "x")
        let grid = AudioGrid(plan: plan, sampleRate: 48_000)
        for frames in 1...(3 * plan.framesPerSegment + 1) {
            let last = (frames - 1) / plan.framesPerSegment
            #expect(grid.frames(forVideoFrames: frames) > grid.firstFrame(ofSegment: last))
            #expect(grid.frames(forVideoFrames: frames) <= grid.firstFrame(ofSegment: last + 1) + 1)
        }
    }
}
