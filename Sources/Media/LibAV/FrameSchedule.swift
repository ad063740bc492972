/// Places pictures of any rhythm on a constant grid: decides which output frames show which picture.
///
/// A picture is shown from its slot until the next one's. Of several in one slot the last wins, so halving a
/// rate takes every second picture. What precedes the first picture shows the first picture.
struct FrameSchedule<Picture: Sendable> {
    struct Run: Sendable {
        var picture: Picture
        var frames: Range<Int>
    }

    private var held: (picture: Picture, slot: Int)?
    /// The next output frame to be decided.
    private(set) var next: Int

    init(startingAt first: Int) { next = first }

    /// The slot of the picture held back, which the end of the source will release.
    var lastSlot: Int? { held?.slot }

    /// Takes a picture and releases the one before, if it is shown at all. Steps back in time are ignored.
    mutating func accept(_ picture: Picture, slot: Int) -> Run? {
        guard let held else {
            held = (picture, slot)
            return nil
        }
        guard slot >= held.slot else { return nil }
        self.held = (picture, slot)
        guard slot > next else { return nil }
        defer { next = slot }
        return Run(picture: held.picture, frames: next..<slot)
    }

    /// Releases the last picture, shown until frame `end`.
    mutating func finish(end: Int) -> Run? {
        guard let held, end > next else { return nil }
        self.held = nil
        defer { next = end }
        return Run(picture: held.picture, frames: next..<end)
    }
}
