import CLibAV
import CMediaShim

/// How the coded picture must be turned (and perhaps mirrored) to be shown: a signed permutation of axes.
struct Orientation: Equatable {
    var a = 1, b = 0, c = 0, d = 1

    static let upright = Orientation()

    init() {}

    /// From the display matrix of a stream; upright when there is none or it is not a multiple of 90 degrees.
    init(stream: UnsafeMutablePointer<AVStream>) {
        var size = 0
        guard let side = av_stream_get_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, &size), size >= 36 else {
            return
        }
        side.withMemoryRebound(to: Int32.self, capacity: 9) { matrix in
            let signs = [0, 1, 3, 4].map { (index: Int) -> Int in
                let value = matrix[index]
                return abs(Int(value)) < 1 << 15 ? 0 : Int(value.signum())
            }
            guard (signs[0] == 0) == (signs[3] == 0), (signs[1] == 0) == (signs[2] == 0),
                (signs[0] == 0) != (signs[1] == 0)
            else { return }
            (a, b, c, d) = (signs[0], signs[1], signs[2], signs[3])
        }
    }

    var swapsAxes: Bool { a == 0 }

    /// Clockwise degrees.
    var rotation: Int {
        // Of the vertical axis, which mirroring left and right leaves alone.
        switch (c, d) {
        case (-1, 0): 90
        case (0, -1): 180
        case (1, 0): 270
        default: 0
        }
    }

    var shim: media_orientation {
        media_orientation(a: Int32(a), b: Int32(b), c: Int32(c), d: Int32(d))
    }
}
